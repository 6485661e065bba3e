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
{{- end -}}

{{/* The operator's service account, as the subject of a binding. */}}
{{- define "trellis.subject" -}}
- kind: ServiceAccount
  name: {{ include "trellis.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
