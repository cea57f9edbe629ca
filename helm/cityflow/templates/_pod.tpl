{{/*
Pod spec of a job. `helm test` uses the same spec with other arguments.
Arguments: root, values, job, component, jobNamed, arguments.
*/}}
{{- define "cityflow.pod" -}}
{{- $token := or .values.events.enabled (and .values.handoff.enabled (eq .component "processor")) -}}
restartPolicy: Never
serviceAccountName: {{ .job.serviceAccount.name | quote }}
# The API token is used for the handoff and for events, not for AWS credentials.
automountServiceAccountToken: {{ $token }}
enableServiceLinks: false
terminationGracePeriodSeconds: {{ int64 .job.terminationGracePeriodSeconds }}
securityContext: {{- include "cityflow.podSecurity" . | nindent 2 }}
{{- with .values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .job.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .job.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .job.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
tolerations:
  # How long a pod stays bound to an unreachable node. Its replacement (podReplacementPolicy: Failed) starts once this pod has
  # terminated or its Node object has been deleted.
  {{- range list "not-ready" "unreachable" }}
  - {key: node.kubernetes.io/{{ . }}, operator: Exists, effect: NoExecute, tolerationSeconds: {{ int64 $.job.tolerationSeconds }}}
  {{- end }}
  {{- with .job.tolerations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .job.topologySpreadConstraints }}
topologySpreadConstraints: {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: {{ .component }}
    image: {{ include "cityflow.image" (dict "root" .root "values" .values "image" .job.image) | quote }}
    imagePullPolicy: {{ .job.image.pullPolicy | default .values.image.pullPolicy }}
    {{- with .arguments }}
    args: {{- toYaml . | nindent 6 }}
    {{- end }}
    env: {{- include "cityflow.environment" . | nindent 6 }}
    {{- with .job.extraEnvFrom }}
    envFrom: {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .job.resources }}
    resources: {{- toYaml . | nindent 6 }}
    {{- end }}
    securityContext: {{- include "cityflow.containerSecurity" . | nindent 6 }}
    # The programs write a termination message when they fail. If they are killed, the end of the log is used instead.
    terminationMessagePolicy: FallbackToLogsOnError
    {{- if or .values.city.profileFile .job.extraVolumeMounts }}
    volumeMounts:
      {{- if .values.city.profileFile }}
      - {name: city-profile, mountPath: /etc/cityflow, readOnly: true}
      {{- end }}
      {{- with .job.extraVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- end }}
{{- if or .values.city.profileFile .job.extraVolumes }}
volumes:
  {{- if .values.city.profileFile }}
  - name: city-profile
    configMap: {name: city-profile}
  {{- end }}
  {{- with .job.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Meets the Pod Security Standard `restricted`; the root file system is also read-only. */}}
{{- define "cityflow.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "cityflow.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Which failures are retried. Kubernetes applies the first rule that matches. Argument: component. */}}
{{- define "cityflow.podFailurePolicy" -}}
rules:
  # Drained, evicted, preempted or node lost: not counted as a failure.
  - action: Ignore
    onPodConditions:
      - {type: DisruptionTarget, status: "True"}
  # Invalid settings (2), bad data (65, 66), a bug (70, 101, 134), program not found or not executable (126, 127): a retry would
  # fail again. 137 is SIGKILL, sent by the kernel when memory runs out: the same day would exceed the same limit again.
  - action: FailJob
    onExitCodes:
      containerName: {{ .component }}
      operator: In
      values: [2, 65, 66, 70, 101, 126, 127, 134, 137]
{{- end }}
