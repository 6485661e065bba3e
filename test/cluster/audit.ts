// Which verbs a service account used, by the API server's audit log, beside those its roles grant. Pure but for reading.
import { readFile } from 'node:fs/promises'

export interface AuditEvent {
  readonly verb: string
  readonly user: { readonly username: string }
  readonly objectRef?: { readonly resource?: string; readonly apiGroup?: string; readonly subresource?: string }
  readonly responseStatus?: { readonly code?: number }
  readonly annotations?: Readonly<Record<string, string>>
  readonly requestURI: string
}

export interface PolicyRule {
  readonly apiGroups?: readonly string[] | undefined
  readonly resources?: readonly string[] | undefined
  readonly verbs: readonly string[]
}

/** The log's events of one user. */
export async function auditOf(file: string, user: string): Promise<AuditEvent[]> {
  const lines = (await readFile(file, 'utf8')).split('\n')
  const mine = lines.filter(line => line.includes(`"username":"${user}"`))
  return mine.flatMap(line => {
    try {
      return [JSON.parse(line) as AuditEvent]
    } catch {
      // The last line may be half written.
      return []
    }
  })
}

export const isDenied = ({ annotations }: AuditEvent): boolean =>
  annotations?.['authorization.k8s.io/decision'] === 'forbid'

/** `<verb> <resource>.<group>` of what was asked, as a rule would name it. */
export function verbsOf(events: readonly AuditEvent[]): Set<string> {
  const used = new Set<string>()
  for (const { verb, objectRef, responseStatus } of events) {
    if (!objectRef?.resource) continue
    const { resource, apiGroup, subresource } = objectRef
    const what = named(apiGroup, subresource ? `${resource}/${subresource}` : resource)
    used.add(`${verb} ${what}`)
    // Server-side apply of what was not there asks for leave to create it, and is a patch in the log.
    if (verb === 'patch' && responseStatus?.code === 201) used.add(`create ${what}`)
  }
  return used
}

/** Allow what is in another request, and are none themselves. */
const SILENT_VERBS: readonly string[] = ['bind', 'escalate', 'impersonate']

/** The same of what rules grant. */
export function verbsGranted(rules: readonly PolicyRule[]): Set<string> {
  const granted = new Set<string>()
  for (const { apiGroups = [], resources = [], verbs } of rules)
    for (const group of apiGroups)
      for (const resource of resources)
        for (const verb of verbs) if (!SILENT_VERBS.includes(verb)) granted.add(`${verb} ${named(group, resource)}`)
  return granted
}

const named = (group: string | undefined, resource: string): string => (group ? `${resource}.${group}` : resource)
