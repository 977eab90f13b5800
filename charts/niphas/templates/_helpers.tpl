{{/* Names are fixed: the driver's name is, so there is one installation in a cluster. */}}

{{/* Labels of every object. Called with (dict "root" $ "component" "node"). */}}
{{- define "niphas.labels" -}}
{{ include "niphas.podLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The same and others, which win: (dict "root" $ "component" "metrics" "more" .Values.podMonitor.labels). */}}
{{- define "niphas.labelsAnd" -}}
{{- toYaml (merge (dict) (default (dict) .more) (fromYaml (include "niphas.labels" .))) -}}
{{- end -}}

{{/* Labels of pods: without versions, so that pods are replaced only when something in them changes. */}}
{{- define "niphas.podLabels" -}}
{{ include "niphas.selectorLabels" . }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- end -}}

{{- define "niphas.selectorLabels" -}}
app.kubernetes.io/name: niphas
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "niphas.driver" -}}csi.niphas.io{{- end -}}

{{/* Called with (dict "root" $ "image" .Values.images.node). A digest wins over a tag. */}}
{{- define "niphas.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* On the service account, so that pods made for it later, such as those that clean nodes, have them too. */}}
{{- define "niphas.imagePullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Called with more labels that a node must have, or nothing. */}}
{{- define "niphas.nodeSelector" -}}
{{- toYaml (merge (dict "kubernetes.io/os" "linux") (default (dict) .)) -}}
{{- end -}}

{{/* On a new node the taint goes when the plugin is there, so what it takes for that must not wait for it to go. */}}
{{- define "niphas.startupToleration" -}}
- key: {{ .Values.startupTaint.key | quote }}
  operator: Exists
{{- end -}}

{{/* Pod Security "restricted", and a root file system that cannot be written to. */}}
{{- define "niphas.restrictedPod" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "niphas.restrictedContainer" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "niphas.probe" -}}
httpGet:
  path: {{ .path }}
  port: health
{{- end -}}
