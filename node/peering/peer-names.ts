// Names of peers, for people to read: from the configuration and from handshakes.
import type { PeerId } from '../stacks/port.ts'

/** More than the connections a node may have, so that a name outlives a disconnection for a while. */
const maxNames = 8_192

export class PeerNames {
  readonly #names = new Map<PeerId, string>()

  constructor(known: readonly { readonly peerId: PeerId; readonly name: string }[]) {
    for (const { peerId, name } of known) this.#names.set(peerId, name)
  }

  learn(peer: PeerId, name: string): void {
    this.#names.set(peer, name)
    if (this.#names.size <= maxNames) return
    const oldest = this.#names.keys().next().value
    if (oldest !== undefined) this.#names.delete(oldest)
  }

  /** Empty for a peer that has told no name. */
  of(peer: PeerId): string {
    return this.#names.get(peer) ?? ''
  }
}
