// Which machines of the cluster are thought lost. A kubelet renews its lease every ten seconds; the cluster itself calls
// a node not ready after 40 s, and by then a testnet's status must have said so for long. Pure but for its own table.
import type { Lease, Node } from '../runtime/resource.ts'

/** Two renewals missed, and some. */
export const STALE_LEASE_MS = 25_000

export class Machines {
  /** By node name: the last renewal, and when it was seen; clocks of different machines are never compared. */
  readonly #renewals = new Map<string, { readonly renewTime: string; readonly seenAt: number }>()
  #listeningSince = Number.NEGATIVE_INFINITY

  /** A lease was added or changed; `now` is monotonic. */
  renewed({ metadata, spec }: Lease, now: number): void {
    const renewTime = String(spec?.renewTime ?? '')
    if (this.#renewals.get(metadata.name)?.renewTime === renewTime) return
    this.#renewals.set(metadata.name, { renewTime, seenAt: now })
  }

  removed({ metadata }: Lease): void {
    this.#renewals.delete(metadata.name)
  }

  /** Renewals are heard (again): what was missed before says nothing about the machines. */
  listening(now: number): void {
    this.#listeningSince = now
  }

  /** Why each of the machines is thought lost, by name; those that are not are left out. */
  lost(nodes: readonly Node[], now: number): Map<string, string> {
    const lost = new Map<string, string>()
    for (const { metadata, status } of nodes) {
      const ready = status?.conditions?.find(({ type }) => type === 'Ready')
      const renewal = this.#renewals.get(metadata.name)
      const silentMs = renewal ? now - Math.max(renewal.seenAt, this.#listeningSince) : 0
      if (ready && ready.status !== 'True')
        lost.set(metadata.name, `it is not ready: ${ready.message || ready.reason || 'its kubelet does not say why'}`)
      else if (silentMs > STALE_LEASE_MS)
        lost.set(metadata.name, `its kubelet has not renewed its lease for ${Math.round(silentMs / 1_000)} s`)
    }
    return lost
  }
}
