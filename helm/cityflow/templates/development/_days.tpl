{{/*
"FIRST LAST" days of the simulated city. Default: the last N days up to today in UTC, so that yesterday has data in every time
zone. Days are computed at noon UTC, which no clock change moves to another day.
*/}}
{{- define "cityflow.simulatedDays" -}}
{{- range $key := list "from" "to" }}
{{- with index $ $key }}
{{- /* toDate does not fail on an invalid date but returns a date in the year 1. */}}
{{- if ne . (dateInZone "2006-01-02" (include "cityflow.noon" . | toDate "2006-01-02T15:04:05Z07:00") "UTC") }}
{{- fail (printf "development.city.%s (%s) is not a valid date" $key .) }}
{{- end }}
{{- end }}
{{- end }}
{{- $to := .to | default (dateInZone "2006-01-02" now "UTC") }}
{{- $noon := include "cityflow.noon" $to | toDate "2006-01-02T15:04:05Z07:00" }}
{{- $from := .from | default (dateInZone "2006-01-02" ($noon | dateModify (printf "-%dh" (mul 24 (sub (int64 .days) 1)))) "UTC") }}
{{- if gt $from $to }}{{ fail (printf "development.city.from (%s) is later than development.city.to (%s)" $from $to) }}{{ end }}
{{- printf "%s %s" $from $to }}
{{- end }}

{{- define "cityflow.noon" -}}{{ printf "%sT12:00:00Z" . }}{{- end }}
