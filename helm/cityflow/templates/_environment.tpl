{{/*
The environment of a container. Every variable here is one of the programs' own (`--help`), of the AWS SDK or of OpenTelemetry.
One that is set in extraEnv as well is left to extraEnv: twice the same name would be refused by the API server.
Of (root, values, job, component, jobNamed).
*/}}
{{- define "cityflow.environment" -}}
{{- $extra := .job.extraEnv | default list }}
{{- $theirs := dict }}
{{- range $extra }}{{ $_ := set $theirs .name true }}{{ end }}
{{- $all := list }}
{{- $parts := list "identity" .component "city" "s3" "talk" "telemetry" }}
{{- range $part := $parts }}
{{- range include (printf "cityflow.environment.%s" $part) $ | fromYamlArray }}
{{- if not (hasKey $theirs .name) }}{{ $all = append $all . }}{{ end }}
{{- end }}
{{- end }}
{{- concat $all $extra | toYaml }}
{{- end }}

{{/* Who runs: the day is read from the Job's name. A Pod of `helm test` belongs to no Job. */}}
{{- define "cityflow.environment.identity" -}}
{{- if .jobNamed }}
- name: JOB_NAME
  valueFrom: {fieldRef: {fieldPath: "metadata.labels['batch.kubernetes.io/job-name']"}}
- name: JOB_UID
  valueFrom: {fieldRef: {fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']"}}
{{- end }}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: NODE_NAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
{{- end }}

{{- define "cityflow.environment.processor" -}}
- name: S3_BUCKET_RAW
  value: {{ .values.storage.raw | quote }}
- name: S3_BUCKET_PROCESSED
  value: {{ .values.storage.processed | quote }}
{{- with .job.required }}
- name: CITYFLOW_REQUIRED
  value: {{ . | join "," | quote }}
{{- end }}
- name: CITYFLOW_LOOKBACK
  value: {{ int64 .job.lookback | quote }}
- name: CITYFLOW_CATCH_UP
  value: {{ int64 .job.catchUp | quote }}
{{- if .job.untilComplete }}
- name: CITYFLOW_UNTIL_COMPLETE
  value: "yes"
{{- end }}
{{- with .job.threads }}
- name: CITYFLOW_THREADS
  value: {{ int64 . | quote }}
{{- end }}
{{- with .job.memoryTarget }}
- name: CITYFLOW_MEMORY_TARGET
  value: {{ . | quote }}
{{- end }}
{{- with .job.params }}
{{- $parts := list }}
{{- range $key, $value := . }}
{{- $parts = append $parts (printf "%s=%s" $key (ternary $value (toJson $value) (kindIs "string" $value))) }}
{{- end }}
- name: CITYFLOW_PARAMS
  value: {{ $parts | join ";" | quote }}
{{- end }}
{{- if .values.handoff.enabled }}
- name: CITYFLOW_HANDOFF
  value: {{ .values.reporter.name | quote }}
{{- end }}
{{- end }}

{{- define "cityflow.environment.reporter" -}}
- name: S3_BUCKET_METRICS
  value: {{ .values.storage.metrics | quote }}
- name: S3_BUCKET_REPORTS
  value: {{ .values.storage.reports | quote }}
- name: CITYFLOW_WAIT
  value: {{ .job.wait | quote }}
- name: CITYFLOW_LANG
  value: {{ .job.lang | quote }}
- name: CITYFLOW_LOOKBACK
  value: {{ int64 .job.lookback | quote }}
{{- end }}

{{- define "cityflow.environment.city" -}}
- name: CITY_PROFILE
  value: {{ ternary "/etc/cityflow/profile.json" .values.city.profile (not (empty .values.city.profileFile)) | quote }}
{{- with .values.city.timezone }}
- name: CITY_TIMEZONE
  value: {{ . | quote }}
{{- end }}
{{- with .values.city.name }}
- name: CITY_NAME
  value: {{ . | quote }}
{{- end }}
{{- end }}

{{/* Where S3 is. On AWS nothing but the region, and that too comes with the role; credentials are the pod's own. */}}
{{- define "cityflow.environment.s3" -}}
{{- with .values.storage.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .values.storage.endpoint }}
- name: AWS_ENDPOINT_URL
  value: {{ . | quote }}
{{- end }}
{{- if .values.storage.pathStyle }}
- name: CITYFLOW_S3_PATH_STYLE
  value: "yes"
{{- end }}
{{- with .values.storage.existingSecret }}
- name: AWS_ACCESS_KEY_ID
  valueFrom: {secretKeyRef: {name: {{ . | quote }}, key: accessKeyId}}
- name: AWS_SECRET_ACCESS_KEY
  valueFrom: {secretKeyRef: {name: {{ . | quote }}, key: secretAccessKey}}
{{- end }}
{{- end }}

{{- define "cityflow.environment.talk" -}}
{{- if .values.events.enabled }}
- name: CITYFLOW_EVENTS
  value: "yes"
{{- end }}
{{- with .values.logLevel }}
- name: RUST_LOG
  value: {{ . | quote }}
{{- end }}
{{- end }}

{{/* Where traces and metrics go, and of what cluster they are. Without an endpoint nothing: the programs then set up nothing either. */}}
{{- define "cityflow.environment.telemetry" -}}
{{- $telemetry := .values.telemetry }}
{{- if $telemetry.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ $telemetry.endpoint | quote }}
{{- with $telemetry.protocol }}
- name: OTEL_EXPORTER_OTLP_PROTOCOL
  value: {{ . | quote }}
{{- end }}
{{- if not $telemetry.metrics }}
- name: OTEL_METRICS_EXPORTER
  value: none
{{- end }}
{{- if $telemetry.headersSecret.name }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom: {secretKeyRef: {name: {{ $telemetry.headersSecret.name | quote }}, key: {{ $telemetry.headersSecret.key | quote }}}}
{{- end }}
{{- with $telemetry.clusterName }}
- name: CLUSTER_NAME
  value: {{ . | quote }}
{{- end }}
{{- with $telemetry.resourceAttributes }}
{{- $parts := list }}
{{- range $key, $value := . }}{{ $parts = append $parts (printf "%s=%s" $key $value) }}{{ end }}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ $parts | join "," | quote }}
{{- end }}
{{- end }}
{{- end }}
