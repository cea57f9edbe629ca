{{/* "FIRST LAST": as set, else so many days up to today in UTC: no city's yesterday is later. At noon UTC, where no change of the clocks moves a day. */}}
{{- define "cityflow.simulatedDays" -}}
{{- range $key := list "from" "to" }}
{{- with index $ $key }}
{{- /* What is no date is parsed as one of the year 1 or so, without a word. */}}
{{- if ne . (dateInZone "2006-01-02" (include "cityflow.noon" . | toDate "2006-01-02T15:04:05Z07:00") "UTC") }}
{{- fail (printf "development.city.%s (%s) is no day of the calendar" $key .) }}
{{- end }}
{{- end }}
{{- end }}
{{- $to := .to | default (dateInZone "2006-01-02" now "UTC") }}
{{- $noon := include "cityflow.noon" $to | toDate "2006-01-02T15:04:05Z07:00" }}
{{- $from := .from | default (dateInZone "2006-01-02" ($noon | dateModify (printf "-%dh" (mul 24 (sub (int64 .days) 1)))) "UTC") }}
{{- if gt $from $to }}{{ fail (printf "development.city.from (%s) comes after development.city.to (%s)" $from $to) }}{{ end }}
{{- printf "%s %s" $from $to }}
{{- end }}

{{/* Noon of a day. */}}
{{- define "cityflow.noon" -}}{{ printf "%sT12:00:00Z" . }}{{- end }}
