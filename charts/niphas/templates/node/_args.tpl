{{- define "niphas.pluginArgs" -}}
- csi
- --kubelet-dir={{ .Values.kubeletDir }}
- --state-dir={{ .Values.stateDir }}
{{- range .Values.upstreams }}
{{- if regexMatch "://[^/]*:[^/]*@" . }}
{{- fail "upstreams: a URL must not hold a password, which everybody could read in the pod: use netrcSecret" }}
{{- end }}
- {{ printf "--substituter=%s" . | quote }}
{{- end }}
{{- range .Values.trustedPublicKeys }}
- {{ printf "--trusted-public-key=%s" . | quote }}
{{- end }}
{{- if not .Values.defaultKey }}
- --no-default-key
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
- --gc-interval={{ .Values.plugin.gc.interval }}
- --publish-wait={{ .Values.plugin.publishWait }}
- --shutdown-grace={{ .Values.plugin.shutdownGraceSeconds }}s
- --metrics-listen=:9809
- --log-level={{ .Values.plugin.logLevel }}
{{- range .Values.plugin.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
