{{/* What the operator does in the namespaces it serves. An apply that creates takes `create` beside `patch`. */}}
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
  verbs: [list, watch, create, patch, delete]
- apiGroups: ['']
  resources: [services, configmaps, secrets]
  verbs: [list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [list, watch, create, patch, delete]
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
