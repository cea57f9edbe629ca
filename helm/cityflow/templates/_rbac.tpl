{{/* Gives a ServiceAccount the Role of the same name as the binding. Of (context, name, account). */}}
{{- define "cityflow.roleBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .name }}
  namespace: {{ .context.root.Release.Namespace }}
  labels: {{- include "cityflow.labels" .context | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ .context.root.Release.Namespace }}
{{- end }}
