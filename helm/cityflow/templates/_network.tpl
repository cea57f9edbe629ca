{{/* A NetworkPolicy peer by namespace and pod selector. An empty selector matches everything. */}}
{{- define "cityflow.peer" -}}
- namespaceSelector: {{- with .namespaceSelector }}{{ toYaml . | nindent 4 }}{{ else }} {}{{ end }}
  {{- with .podSelector }}
  podSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* TCP ports. An empty list allows all ports. */}}
{{- define "cityflow.ports" -}}
{{- with . -}}
ports:
  {{- range . }}
  - {protocol: TCP, port: {{ int64 . }}}
  {{- end }}
{{- end }}
{{- end }}

{{/* Port of the S3 endpoint: the explicit one, otherwise the default of the scheme. */}}
{{- define "cityflow.s3Port" -}}
{{- $endpoint := .storage.endpoint }}
{{- $named := regexFind "^https?://[^/?#]+" $endpoint | regexFind ":[0-9]+$" | trimPrefix ":" }}
{{- $named | default (ternary "80" "443" (hasPrefix "http://" $endpoint)) }}
{{- end }}
