{{/*
The spec of a pod of one of the two jobs; `helm test` runs the very same with other arguments.
Of (root, values, job, component, jobNamed, arguments).
*/}}
{{- define "cityflow.pod" -}}
{{- $token := or .values.events.enabled (and .values.handoff.enabled (eq .component "processor")) -}}
restartPolicy: Never
serviceAccountName: {{ .job.serviceAccount.name | quote }}
# The token of the API is for the handoff and for events. Credentials of AWS do not come by it.
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
  # How long a pod stays bound to a node that is lost. The next one (podReplacementPolicy: Failed) waits until this one has ended or its
  # Node object is gone.
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
    # The programs write why they failed; where they were killed, the end of the log has to do.
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

{{/* What Pod Security `restricted` asks for, and a root file system that cannot be written. */}}
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

{{/* Which ends of a pod are worth another one. Rules are tried in order, and the first that fits decides. Of (component). */}}
{{- define "cityflow.podFailurePolicy" -}}
rules:
  # Drained, evicted, preempted, or its node lost: no fault of ours, so it does not count.
  - action: Ignore
    onPodConditions:
      - {type: DisruptionTarget, status: "True"}
  # Wrong settings (2), bad data (65, 66), a bug (70, 101, 134), no program to run (126, 127): the same again next time.
  # 137 is SIGKILL, as from the kernel when memory is short: with the same limit and the same day it would be short again.
  - action: FailJob
    onExitCodes:
      containerName: {{ .component }}
      operator: In
      values: [2, 65, 66, 70, 101, 126, 127, 134, 137]
{{- end }}
