{{/* "FIRST LAST": as set, else so many days up to today in UTC: no city's yesterday is later. At noon UTC, where no change of the clocks moves a day. */}}
{{- define "cityflow.simulatedDays" -}}
{{- $to := .to | default (dateInZone "2006-01-02" now "UTC") }}
{{- $noon := toDate "2006-01-02T15:04:05Z07:00" (printf "%sT12:00:00Z" $to) }}
{{- $from := .from | default (dateInZone "2006-01-02" ($noon | dateModify (printf "-%dh" (mul 24 (sub (int64 .days) 1)))) "UTC") }}
{{- if gt $from $to }}{{ fail (printf "development.city.from (%s) comes after development.city.to (%s)" $from $to) }}{{ end }}
{{- printf "%s %s" $from $to }}
{{- end }}
