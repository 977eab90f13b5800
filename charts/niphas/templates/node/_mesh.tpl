{{/* The mesh beside the plugin. Ports: mesh.port for other nodes, 9812 for Nix of this pod, 9813 for probes and metrics. */}}

{{- define "niphas.meshArgs" -}}
- mesh
- --listen=:{{ .Values.mesh.port }}
- --substituter=127.0.0.1:9812
- --store={{ .Values.stateDir }}/store
{{- range .Values.upstreams }}
{{- /* Nix itself speaks ssh-ng; the mesh does not. */}}
{{- if not (hasPrefix "ssh-ng:" .) }}
- {{ printf "--upstream=%s" . | quote }}
{{- end }}
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
- --members=kubernetes
{{- if .Values.mesh.groupSecret }}
- --group-secret-file=/etc/niphas/mesh/secret
{{- end }}
- --state-dir=/var/lib/niphas-mesh
- --metrics-listen=:9813
- --log-level={{ .Values.plugin.logLevel }}
{{- end -}}

{{- define "niphas.meshUser" -}}64823{{- end -}}

{{/* The kubelet makes directories of the node for root. */}}
{{- define "niphas.meshInitContainer" -}}
- name: mesh-state
  image: {{ include "niphas.image" (dict "root" $ "image" .Values.images.node) | quote }}
  imagePullPolicy: {{ .Values.images.node.pullPolicy }}
  command:
    - install
    - --directory
    - --owner={{ include "niphas.meshUser" . }}
    - --group={{ include "niphas.meshUser" . }}
    - --mode=0700
    - /var/lib/niphas-mesh
  resources:
    {{- toYaml (default (dict) .Values.mesh.resources) | nindent 4 }}
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    runAsUser: 0
    runAsGroup: 0
    capabilities:
      drop: [ALL]
      add: [CHOWN, FOWNER]
    seccompProfile:
      type: RuntimeDefault
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    - name: mesh-state
      mountPath: /var/lib/niphas-mesh
{{- end -}}

{{- define "niphas.meshContainer" -}}
- name: mesh
  image: {{ include "niphas.image" (dict "root" $ "image" .Values.images.node) | quote }}
  imagePullPolicy: {{ .Values.images.node.pullPolicy }}
  args:
    {{- include "niphas.meshArgs" . | nindent 4 }}
  env:
    - name: NIPHAS_MESH_NODE_NAME
      valueFrom:
        fieldRef:
          fieldPath: spec.nodeName
    - name: NIPHAS_MESH_NAMESPACE
      valueFrom:
        fieldRef:
          fieldPath: metadata.namespace
    - name: NIPHAS_MESH_ADVERTISE
      valueFrom:
        fieldRef:
          fieldPath: status.podIP
    {{- if .Values.caBundleConfigMap }}
    - name: NIX_SSL_CERT_FILE
      value: /etc/niphas/ca/ca.crt
    {{- end }}
    {{- with .Values.plugin.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - name: mesh
      containerPort: {{ .Values.mesh.port }}
    - name: mesh-health
      containerPort: 9813
  # No readinessProbe: without the mesh the plugin fetches from the upstreams (docs/adr/0016-mesh-beside-the-plugin.md).
  livenessProbe:
    httpGet:
      path: /livez
      port: mesh-health
    initialDelaySeconds: 10
    periodSeconds: 15
    timeoutSeconds: 10
    failureThreshold: 5
  resources:
    {{- toYaml (default (dict) .Values.mesh.resources) | nindent 4 }}
  securityContext:
    {{- include "niphas.restrictedContainer" . | nindent 4 }}
    runAsNonRoot: true
    # Nobody else's: it sees the node's processes (hostPID), and may signal those of its own user.
    runAsUser: {{ include "niphas.meshUser" . }}
    runAsGroup: {{ include "niphas.meshUser" . }}
    seccompProfile:
      type: RuntimeDefault
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    - name: store
      mountPath: {{ .Values.stateDir }}/store
      readOnly: true
    - name: mesh-state
      mountPath: /var/lib/niphas-mesh
    - name: mesh-token
      mountPath: /var/run/secrets/kubernetes.io/serviceaccount
      readOnly: true
    {{- if .Values.mesh.groupSecret }}
    - name: mesh-secret
      mountPath: /etc/niphas/mesh
      readOnly: true
    {{- end }}
    {{- if .Values.netrcSecret }}
    - name: mesh-netrc
      mountPath: /etc/niphas/netrc
      readOnly: true
    {{- end }}
    {{- if .Values.caBundleConfigMap }}
    - name: ca
      mountPath: /etc/niphas/ca
      readOnly: true
    {{- end }}
{{- end -}}

{{- define "niphas.meshVolumes" -}}
- name: store
  hostPath:
    path: {{ .Values.stateDir }}/store
    type: DirectoryOrCreate
# The peer's key, so that a new pod is the same peer, and what does not fit into memory on its way.
- name: mesh-state
  hostPath:
    path: {{ .Values.stateDir }}/mesh
    type: DirectoryOrCreate
# Of this container alone; the pod mounts none.
- name: mesh-token
  projected:
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3600
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
{{- with .Values.mesh.groupSecret }}
- name: mesh-secret
  secret:
    secretName: {{ . | quote }}
    defaultMode: 292 # 0444: the file is root's, the reader is not
    items:
      - key: secret
        path: secret
{{- end }}
{{- with .Values.netrcSecret }}
- name: mesh-netrc
  secret:
    secretName: {{ . | quote }}
    defaultMode: 292 # 0444
    items:
      - key: netrc
        path: netrc
{{- end }}
{{- end -}}
