{{/* A CronJob and its ServiceAccount. Arguments: root, values, job, component. */}}
{{- define "cityflow.cronjob" -}}
{{- $job := .job -}}
{{- if $job.serviceAccount.create -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ $job.serviceAccount.name | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels: {{- include "cityflow.labels" . | nindent 4 }}
  {{- with $job.serviceAccount.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
---
{{ end -}}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ $job.name | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels: {{- include "cityflow.labels" (merge (dict "more" $job.cronJobLabels) .) | nindent 4 }}
  {{- with $job.cronJobAnnotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  schedule: {{ $job.schedule | quote }}
  timeZone: {{ $job.timeZone | quote }}
  suspend: {{ $job.suspend }}
  concurrencyPolicy: {{ $job.concurrencyPolicy }}
  startingDeadlineSeconds: {{ int64 $job.startingDeadlineSeconds }}
  successfulJobsHistoryLimit: {{ int64 $job.successfulJobsHistoryLimit }}
  failedJobsHistoryLimit: {{ int64 $job.failedJobsHistoryLimit }}
  jobTemplate:
    metadata:
      labels: {{- include "cityflow.stableLabels" (merge (dict "more" $job.jobLabels) .) | nindent 8 }}
      {{- with $job.jobAnnotations }}
      annotations: {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      activeDeadlineSeconds: {{ int64 $job.activeDeadlineSeconds }}
      backoffLimit: {{ int64 $job.backoffLimit }}
      ttlSecondsAfterFinished: {{ int64 $job.ttlSecondsAfterFinished }}
      # A pod is replaced only after it has terminated or its Node object has been deleted. With a podFailurePolicy, which needs the
      # exit code, Kubernetes allows no other policy.
      podReplacementPolicy: Failed
      podFailurePolicy: {{- include "cityflow.podFailurePolicy" . | nindent 8 }}
      template:
        metadata:
          labels: {{- include "cityflow.stableLabels" (merge (dict "more" $job.podLabels) .) | nindent 12 }}
          {{- with include "cityflow.podAnnotations" . | fromYaml }}
          annotations: {{- toYaml . | nindent 12 }}
          {{- end }}
        spec: {{- include "cityflow.pod" (merge (dict "jobNamed" true) .) | nindent 10 }}
{{- end }}

{{/* Karpenter does not disrupt a node while a pod with this annotation runs on it. */}}
{{- define "cityflow.podAnnotations" -}}
{{- $fixed := ternary (dict "karpenter.sh/do-not-disrupt" "true") (dict) .job.doNotDisrupt }}
{{- mergeOverwrite (dict) (.job.podAnnotations | default dict) $fixed | toYaml }}
{{- end }}
