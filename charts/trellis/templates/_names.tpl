{{/* The beginning of the names of all objects. Short enough for what is added. A release may have dots, a Service none. */}}
{{- define "trellis.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The operator's Deployment, Service, service account and lease. */}}
{{- define "trellis.operator" -}}
{{- include "trellis.fullname" . }}-operator
{{- end -}}

{{/* The rights of the runners of experiments: a Role where only some namespaces are served. */}}
{{- define "trellis.runner" -}}
{{- include "trellis.fullname" . }}-runner
{{- end -}}

{{- define "trellis.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "trellis.operator" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Of a pod of the operator. What a Deployment selects by cannot change. */}}
{{- define "trellis.selector" -}}
app.kubernetes.io/name: trellis-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "trellis.labels" -}}
app.kubernetes.io/name: trellis-operator
{{ include "trellis.commonLabels" . }}
{{- end -}}

{{/* Also of what is not the operator's. */}}
{{- define "trellis.commonLabels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: trellis
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* `image` of the values and the chart's version -> a reference. */}}
{{- define "trellis.image" -}}
{{- $tag := default .version .image.tag -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository $tag -}}
{{- end -}}
{{- end -}}

{{/*
A PodMonitor. `own`: of pods in the release's namespace; else of those of all testnets that are served. `testnet`: which
label of trellis.dev says the testnet. `node`: its pods are nodes, `<testnet>-<group>-<index>`, and so are their names.
*/}}
{{- define "trellis.podMonitor" -}}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ include "trellis.fullname" .root }}-{{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "trellis.labels" .root | nindent 4 }}
    {{- with .root.Values.podMonitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- if not .own }}
  namespaceSelector:
    {{- if .root.Values.watch.namespaces }}
    matchNames: {{- toYaml .root.Values.watch.namespaces | nindent 6 }}
    {{- else }}
    any: true
    {{- end }}
  {{- end }}
  selector:
    matchLabels: {{- toYaml .selector | nindent 6 }}
  podMetricsEndpoints:
    - port: {{ .port }}
      interval: {{ .root.Values.podMonitor.interval }}
      honorLabels: true
      {{- if .testnet }}
      relabelings:
        - sourceLabels: [__meta_kubernetes_pod_label_trellis_dev_{{ .testnet }}]
          targetLabel: testnet
        {{- if .node }}
        - sourceLabels: [__meta_kubernetes_pod_label_trellis_dev_group]
          targetLabel: group
        - sourceLabels: [__meta_kubernetes_pod_name]
          regex: '.*-([0-9]+)'
          targetLabel: __tmp_index
        - sourceLabels: [__meta_kubernetes_pod_label_trellis_dev_group, __tmp_index]
          separator: '-'
          targetLabel: node
        {{- else }}
        - sourceLabels: [__meta_kubernetes_pod_label_trellis_dev_experiment]
          targetLabel: experiment
        {{- end }}
      {{- end }}
{{- end -}}
