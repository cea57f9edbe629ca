{{/* Pods of a peer, in the namespaces of a selector; without either, all of them. */}}
{{- define "cityflow.peer" -}}
- namespaceSelector: {{- with .namespaceSelector }}{{ toYaml . | nindent 4 }}{{ else }} {}{{ end }}
  {{- with .podSelector }}
  podSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* Ports of TCP; without any, all of them. */}}
{{- define "cityflow.ports" -}}
{{- with . -}}
ports:
  {{- range . }}
  - {protocol: TCP, port: {{ int64 . }}}
  {{- end }}
{{- end }}
{{- end }}

{{/* The port of the S3 endpoint: the one after its host, else that of its scheme. */}}
{{- define "cityflow.s3Port" -}}
{{- $endpoint := .storage.endpoint }}
{{- $named := regexFind "^https?://[^/?#]+" $endpoint | regexFind ":[0-9]+$" | trimPrefix ":" }}
{{- $named | default (ternary "80" "443" (hasPrefix "http://" $endpoint)) }}
{{- end }}
