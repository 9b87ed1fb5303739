{{/*
What several templates need. Each part gets a dict: `root` is the chart's own context, `name` the target's name.
*/}}

{{- define "sky.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "sky.labels" -}}
{{ include "sky.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* For everything in a pod: nobody is root, nothing is written. */}}
{{- define "sky.guards" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* What is the same in every pod. */}}
{{- define "sky.pod" -}}
automountServiceAccountToken: false
# Otherwise the cluster puts the addresses of all Services into the environment, in variables that bear their names. Those of
# a release called sky would begin as our settings do, and the program refuses settings that it does not know.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The program: `args` is what comes behind the configuration, `secrets` are names beside the house's own. */}}
{{- define "sky.program" -}}
image: "{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: {{ concat (list "--config" "/etc/sky/config/sky.toml") .args | toJson }}
env:
  # Of what the image says too these have to be so: probes and Services rest on them.
  - {name: SKY_GRPC_LISTEN, value: "0.0.0.0:7420"}
  - {name: SKY_HTTP_LISTEN, value: "0.0.0.0:8420"}
  {{- with .root.Values.ingress.proxies }}
  - {name: SKY_SERVICES__PORTAL__PROXIES, value: {{ toJson . | quote }}}
  {{- end }}
envFrom:
  {{- range prepend (.secrets | default list) .root.Values.secret | uniq }}
  - secretRef: {name: {{ . }}}
  {{- end }}
securityContext:
  {{- include "sky.guards" . | nindent 2 }}
volumeMounts:
  - {name: config, mountPath: /etc/sky/config, readOnly: true}
  {{- if .root.Values.files }}
  - {name: files, mountPath: /etc/sky/files, readOnly: true}
  {{- end }}
{{- end }}

{{- define "sky.volumes" -}}
- name: config
  configMap: {name: {{ .root.Release.Name }}-config}
{{- with .root.Values.files }}
- name: files
  secret: {secretName: {{ . }}, defaultMode: 0440}
{{- end }}
{{- end }}

{{/* Where each service is, as lines of TOML. A target with all of them needs nobody's address. */}}
{{- define "sky.peers" -}}
{{- $lines := list -}}
{{- range $target := .root.Values.targets -}}
{{- range $service := splitList "," $target.run -}}
{{- if ne $service "all" -}}
{{- $address := printf "http://%s-%s:7420" $.root.Release.Name ($target.run | replace "," "-") -}}
{{- $lines = append $lines (printf "%s = %q" $service $address) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- join "\n" $lines -}}
{{- end }}
