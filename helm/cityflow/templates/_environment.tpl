{{/*
Environment of a container. All variables are documented by the programs' `--help`, the AWS SDK or OpenTelemetry.
A variable that is also in extraEnv is left out, because the API server rejects duplicate names.
Arguments: root, values, job, component, jobNamed.
*/}}
{{- define "cityflow.environment" -}}
{{- $extra := .job.extraEnv | default list }}
{{- $overridden := dict }}
{{- range $extra }}{{ $_ := set $overridden .name true }}{{ end }}
{{- $all := list }}
{{- $parts := list "identity" .component "city" "s3" "output" "telemetry" }}
{{- range $part := $parts }}
{{- range include (printf "cityflow.environment.%s" $part) $ | fromYamlArray }}
{{- if not (hasKey $overridden .name) }}{{ $all = append $all . }}{{ end }}
{{- end }}
{{- end }}
{{- concat $all $extra | toYaml }}
{{- end }}

{{/* Identity of the run. The programs read the day from the Job's name. A Pod of `helm test` has no Job. */}}
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

{{/* S3 settings. On AWS at most the region is needed: the pod's role provides region and credentials. */}}
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

{{- define "cityflow.environment.output" -}}
{{- if .values.events.enabled }}
- name: CITYFLOW_EVENTS
  value: "yes"
{{- end }}
{{- with .values.logLevel }}
- name: RUST_LOG
  value: {{ . | quote }}
{{- end }}
{{- end }}

{{/* OpenTelemetry settings. Without an endpoint nothing is set, and the programs do not set up telemetry. */}}
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
