{{/* Labels of an object: the recommended ones, and commonLabels, which never replace them. Of (root, values, component). */}}
{{- define "cityflow.labels" -}}
{{- $fixed := dict "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimAll "-_.")
      "app.kubernetes.io/managed-by" .root.Release.Service
      "app.kubernetes.io/version" (.root.Chart.AppVersion | replace "+" "_" | trunc 63 | trimAll "-_.") }}
{{- mergeOverwrite (dict) (.more | default dict) (include "cityflow.stableLabels" . | fromYaml) $fixed | toYaml }}
{{- end }}

{{/* Labels of Jobs and Pods: those that do not change with a version, so that what was made by an earlier one is still found. */}}
{{- define "cityflow.stableLabels" -}}
{{- mergeOverwrite (dict) (.values.commonLabels | default dict) (.more | default dict) (include "cityflow.selector" . | fromYaml)
      (dict "app.kubernetes.io/part-of" "cityflow" "app.kubernetes.io/component" .component) | toYaml }}
{{- end }}

{{/* Labels by which the pods of this release are found. In quotes, as all names here: 123 and `on` are names, and to YAML no texts. */}}
{{- define "cityflow.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- end }}

{{/* An image by its digest, else by its tag. Of (root, values, image). */}}
{{- define "cityflow.image" -}}
{{- $shared := .values.image }}
{{- $registry := .image.registry | default $shared.registry }}
{{- $name := .image.repository }}
{{- with $registry }}{{ $name = printf "%s/%s" (trimSuffix "/" .) $name }}{{ end }}
{{- if .image.digest }}
{{- printf "%s@%s" $name .image.digest }}
{{- else }}
{{- printf "%s:%s" $name (.image.tag | default $shared.tag | default .root.Chart.AppVersion) }}
{{- end }}
{{- end }}
