{{/*
What the operator does in the namespaces it serves. `get`: whose is a name that is to be taken? An apply that creates takes
`create` beside `patch`. `delete`: what a group leaves behind that is no longer in its Testnet.
*/}}
{{- define "trellis.rules" -}}
- apiGroups: [trellis.dev]
  resources: [testnets]
  # delete: when its ttl is over.
  verbs: [list, watch, delete]
- apiGroups: [trellis.dev]
  resources: [testnets/status]
  verbs: [patch]
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: ['']
  resources: [services, configmaps, secrets]
  verbs: [get, list, watch, create, patch, delete]
# One of each for a testnet, as long as there is the testnet.
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch]
- apiGroups: ['']
  resources: [pods]
  # delete: one that its StatefulSet would not replace.
  verbs: [list, watch, delete]
- apiGroups: ['']
  resources: [persistentvolumeclaims]
  verbs: [list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [list, watch, create, patch]
- apiGroups: [trellis.dev]
  resources: [chaosexperiments]
  # create, delete: the runs of a schedule or of repeats.
  verbs: [get, list, watch, create, delete]
- apiGroups: [trellis.dev]
  resources: [chaosexperiments/status]
  verbs: [patch]
- apiGroups: [batch]
  resources: [jobs]
  # delete: of an experiment that is aborted.
  verbs: [get, list, watch, create, delete]
- apiGroups: ['']
  resources: [serviceaccounts]
  verbs: [get, create]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [rolebindings]
  verbs: [get, create]
{{- end -}}

{{/* What a runner does in the namespace of its experiment; the operator may give it away, and has not more than that. */}}
{{- define "trellis.runnerRules" -}}
- apiGroups: [trellis.dev]
  resources: [chaosexperiments, testnets]
  verbs: [get]
- apiGroups: [trellis.dev]
  resources: [chaosexperiments/status]
  verbs: [patch]
# Its checkpoint and its record; the genesis of the testnet.
- apiGroups: ['']
  resources: [configmaps]
  verbs: [get, create, patch]
- apiGroups: ['']
  resources: [pods]
  # delete: faults that kill pods.
  verbs: [list, watch, delete]
{{- end -}}

{{- define "trellis.bindRunner" -}}
- apiGroups: [rbac.authorization.k8s.io]
  resources: [{{ if .Values.watch.namespaces }}roles{{ else }}clusterroles{{ end }}]
  resourceNames: [{{ include "trellis.runner" . }}]
  verbs: [bind]
{{- end -}}

{{/* The operator's service account, as the subject of a binding. */}}
{{- define "trellis.subject" -}}
- kind: ServiceAccount
  name: {{ include "trellis.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
