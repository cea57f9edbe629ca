{{/*
The values that all templates use: `$v := include "cityflow.values" . | fromJson`.

Helm removes a key that is set to null from .Values, including its default. This template restores the defaults of single
values (lists and maps stay empty), truncates names to the lengths that Kubernetes allows, derives values from other
values, and fails if two values contradict each other. Checks of single values are in values.schema.json.
*/}}
{{- define "cityflow.values" -}}
{{- $v := .Values | toJson | fromJson }}
{{- include "cityflow.prune" $v }}
{{- include "cityflow.complete" (dict "values" $v "base" (include "cityflow.defaults" . | fromYaml)) }}
{{- range $key := list "processor" "reporter" }}
{{- $job := index $v $key }}
{{- $_ := set $job "name" ($job.name | trunc 52 | trimAll "-") }}
{{- $account := $job.serviceAccount }}
{{- $rights := or $v.events.enabled (and $v.handoff.enabled (eq $key "processor")) }}
{{- if and $rights (not $account.create) (not $account.name) }}
{{- fail (printf "%[1]s.serviceAccount.create is false and %[1]s.serviceAccount.name is empty: handoff.enabled and events.enabled would grant their rights to the ServiceAccount `default`, and so to every pod in the namespace that does not set one. Set %[1]s.serviceAccount.name" $key) }}
{{- end }}
{{- $_ := set $account "name" ($account.name | default (ternary $job.name "default" $account.create)) }}
{{- end }}
{{- if eq $v.processor.name $v.reporter.name }}
{{- fail (printf "processor.name and reporter.name are both %q after truncation to the 52 characters of a CronJob name. Set different names" $v.processor.name) }}
{{- end }}
{{- $accounts := list $v.processor.serviceAccount $v.reporter.serviceAccount }}
{{- if and (first $accounts).create (last $accounts).create (eq (first $accounts).name (last $accounts).name) }}
{{- fail (printf "processor.serviceAccount and reporter.serviceAccount would both be created as %q. Set different names, or set create: false for one of them" (first $accounts).name) }}
{{- end }}
{{- with $v.networkPolicy.s3.except }}
{{- if ne (len ($v.networkPolicy.s3.cidrs | default list)) 1 }}
{{- fail "networkPolicy.s3.except applies to every entry of networkPolicy.s3.cidrs and must lie within it. Set exactly one entry there, and add others to networkPolicy.extraEgress" }}
{{- end }}
{{- end }}
{{- $wait := include "cityflow.seconds" $v.reporter.wait | int64 }}
{{- if ge $wait (int64 $v.reporter.activeDeadlineSeconds) }}
{{- fail (printf "reporter.wait (%s) must be shorter than reporter.activeDeadlineSeconds (%d); otherwise the Job is terminated while it waits" $v.reporter.wait (int64 $v.reporter.activeDeadlineSeconds)) }}
{{- end }}
{{- $storage := $v.storage }}
{{- $_ := set $storage "metrics" ($storage.metrics | default (printf "%s/metrics" (trimSuffix "/" $storage.processed))) }}
{{- $_ := set $storage "reports" ($storage.reports | default (printf "%s/reports" (trimSuffix "/" $storage.processed))) }}
{{- $s3 := $v.development.s3 }}
{{- if $s3.enabled }}
{{- $_ := set $storage "endpoint" ($storage.endpoint | default (printf "http://%s:7070" $s3.name)) }}
{{- $_ := set $storage "region" ($storage.region | default "us-east-1") }}
{{- $_ := set $storage "existingSecret" ($storage.existingSecret | default (printf "%s-credentials" $s3.name)) }}
{{- $_ := set $storage "pathStyle" true }}
{{- else if $v.development.city.enabled }}
{{- fail "development.city.enabled requires development.s3.enabled: the simulated city is written only to the development S3 server" }}
{{- end }}
{{- $v | toJson }}
{{- end }}

{{/* Removes nulls from a map at any depth; otherwise they would be sent to the API server. */}}
{{- define "cityflow.prune" -}}
{{- $map := . }}
{{- range $key, $value := $map }}
{{- if kindIs "invalid" $value }}
{{- $_ := unset $map $key }}
{{- else if kindIs "map" $value }}
{{- include "cityflow.prune" $value }}
{{- end }}
{{- end }}
{{- end }}

{{/* Adds the keys of `base` that `values` does not have, at any depth. */}}
{{- define "cityflow.complete" -}}
{{- $values := .values }}
{{- range $key, $default := .base }}
{{- $value := index $values $key }}
{{- if kindIs "map" $default }}
{{- if kindIs "invalid" $value }}
{{- $value = dict }}
{{- $_ := set $values $key $value }}
{{- end }}
{{- include "cityflow.complete" (dict "values" $value "base" $default) }}
{{- else if kindIs "invalid" $value }}
{{- $_ := set $values $key $default }}
{{- end }}
{{- end }}
{{- end }}

{{/* Converts a duration such as 40m, 1h30m or 0 to seconds. */}}
{{- define "cityflow.seconds" -}}
{{- $total := 0 }}
{{- range $part := regexFindAll "[0-9]+[hms]" . -1 }}
{{- $factor := get (dict "h" 3600 "m" 60 "s" 1) (regexFind "[hms]" $part) }}
{{- $total = add $total (mul (regexFind "[0-9]+" $part | int64) $factor) }}
{{- end }}
{{- $total }}
{{- end }}

{{/* Repeats the defaults of values.yaml for single values. A test renders with every map set to null and compares. */}}
{{- define "cityflow.defaults" -}}
image: {registry: "", tag: "", pullPolicy: IfNotPresent}
storage: {raw: cityflow-raw, processed: cityflow-processed, metrics: "", reports: "", region: "", endpoint: "", pathStyle: false, existingSecret: ""}
city: {profile: paris, timezone: "", name: "", profileFile: "", outlinesFile: ""}
logLevel: ""
handoff: {enabled: false}
events: {enabled: false}
telemetry: {endpoint: "", protocol: "", metrics: true, clusterName: "", headersSecret: {name: "", key: headers}}
processor:
  name: process
  schedule: "0 0 * * *"
  activeDeadlineSeconds: 5400
  lookback: 3
  catchUp: 14
  untilComplete: false
  memoryTarget: ""
  image: {repository: cityflow/processor}
{{- include "cityflow.defaults.job" . | nindent 2 }}
reporter:
  name: report
  schedule: "30 0 * * *"
  activeDeadlineSeconds: 3600
  wait: 40m
  lang: fr
  lookback: 3
  image: {repository: cityflow/reporter}
{{- include "cityflow.defaults.job" . | nindent 2 }}
networkPolicy: {enabled: false, dns: {}, s3: {}, credentials: {}, collector: {enabled: false}, kubernetesApi: {}}
development:
  s3:
    enabled: false
    name: s3
    image: {registry: docker.io, repository: versity/versitygw, tag: v1.8.0}
    accessKeyId: test
    secretAccessKey: testtest
    persistence: {enabled: false, size: 2Gi, storageClassName: ""}
  city:
    enabled: false
    image: {repository: cityflow/simulator}
    days: 4
    from: ""
    to: ""
{{- end }}

{{- define "cityflow.defaults.job" -}}
timeZone: Etc/UTC
suspend: false
concurrencyPolicy: Forbid
startingDeadlineSeconds: 7200
backoffLimit: 6
successfulJobsHistoryLimit: 7
failedJobsHistoryLimit: 7
ttlSecondsAfterFinished: 604800
terminationGracePeriodSeconds: 30
tolerationSeconds: 60
doNotDisrupt: false
serviceAccount: {create: true, name: ""}
{{- end }}
