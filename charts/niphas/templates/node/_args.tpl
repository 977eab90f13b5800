{{/* Prints a duration, or fails if the plugin would refuse it. Called with (list NAME TEXT LONGEST-IN-SECONDS). */}}
{{- define "niphas.durationWithin" -}}
{{- $name := index . 0 -}}
{{- $text := index . 1 -}}
{{- $longest := index . 2 -}}
{{- $unitMs := get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) (regexFind "[a-z]+$" $text) -}}
{{- $ms := mul (regexFind "^[0-9]+" $text | atoi) $unitMs -}}
{{- if or (lt $ms 1000) (gt $ms (mul $longest 1000)) }}
{{- fail (printf "%s must be between 1s and %ds" $name (int $longest)) }}
{{- end -}}
{{ $text }}
{{- end -}}

{{- define "niphas.pluginArgs" -}}
- csi
- --kubelet-dir={{ .Values.kubeletDir }}
- --state-dir={{ .Values.stateDir }}
{{- range .Values.upstreams }}
{{- if regexMatch "://[^/]*:[^/]*@" . }}
{{- fail "upstreams: a URL must not hold a password, which everybody could read in the pod: use netrcSecret" }}
{{- end }}
{{- if regexMatch "[?&]trusted(=|&|$)" . }}
{{- fail "upstreams: a URL must not set trusted: signatures are always required" }}
{{- end }}
- {{ printf "--substituter=%s" . | quote }}
{{- end }}
{{- range .Values.trustedPublicKeys }}
- {{ printf "--trusted-public-key=%s" . | quote }}
{{- end }}
{{- if not .Values.defaultKey }}
- --no-default-key
{{- end }}
{{- if .Values.mesh.enabled }}
- --mesh=http://127.0.0.1:9812
{{- end }}
{{- if .Values.netrcSecret }}
- --netrc-file=/etc/niphas/netrc/netrc
{{- end }}
{{- if .Values.policy }}
- --policy-file=/etc/niphas/policy/policy.json
{{- end }}
- --view={{ .Values.plugin.view }}
- --gc-free-bytes={{ .Values.plugin.gc.freeBytes }}
- --gc-free-inodes={{ .Values.plugin.gc.freeInodes }}
- --gc-interval={{ include "niphas.durationWithin" (list "plugin.gc.interval" .Values.plugin.gc.interval 86400) }}
- --publish-wait={{ include "niphas.durationWithin" (list "plugin.publishWait" .Values.plugin.publishWait 95) }}
- --shutdown-grace={{ .Values.plugin.shutdownGraceSeconds }}s
- --metrics-listen=:9809
- --log-level={{ .Values.plugin.logLevel }}
{{- range .Values.plugin.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
