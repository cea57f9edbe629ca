{{/* Labels of an object: the recommended ones and commonLabels, which cannot override them. Arguments: root, values, component. */}}
{{- define "cityflow.labels" -}}
{{- $fixed := dict "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimAll "-_.")
      "app.kubernetes.io/managed-by" .root.Release.Service
      "app.kubernetes.io/version" (.root.Chart.AppVersion | replace "+" "_" | trunc 63 | trimAll "-_.") }}
{{- mergeOverwrite (dict) (.more | default dict) (include "cityflow.stableLabels" . | fromYaml) $fixed | toYaml }}
{{- end }}

{{/* Labels of Jobs and Pods. They do not contain the version, so that label selectors also find objects created by an earlier release. */}}
{{- define "cityflow.stableLabels" -}}
{{- mergeOverwrite (dict) (.values.commonLabels | default dict) (.more | default dict) (include "cityflow.selector" . | fromYaml)
      (dict "app.kubernetes.io/part-of" "cityflow" "app.kubernetes.io/component" .component) | toYaml }}
{{- end }}

{{/* Selector labels of this release. All names in this chart are quoted: `123` and `on` are valid names, but not YAML strings. */}}
{{- define "cityflow.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- end }}

{{/* Image reference: by digest if set, otherwise by tag. Arguments: root, values, image. */}}
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
