{{/* Binds a ServiceAccount to the Role with the name of the binding. Arguments: context, name, account. */}}
{{- define "cityflow.roleBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .name | quote }}
  namespace: {{ .context.root.Release.Namespace | quote }}
  labels: {{- include "cityflow.labels" .context | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ .name | quote }}
subjects:
  - kind: ServiceAccount
    name: {{ .account | quote }}
    namespace: {{ .context.root.Release.Namespace | quote }}
{{- end }}
