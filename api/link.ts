// The link matrix: the one intermediate form of every network fault and of regional latency.
// For an ordered pair of nodes it says what happens to the bytes that travel from the first to the second.

/** What happens to traffic in one direction between two nodes. An open link has no field but `drop: false`. */
export interface Link {
  /** Bytes are held as by a dead network; the connection itself is not closed. */
  readonly drop: boolean
  /** One-way delay, milliseconds. */
  readonly delayMs?: number
  /** Standard deviation of the delay, milliseconds. */
  readonly jitterMs?: number
  /** Correlation of one packet's jitter with the one before it, 0..1. */
  readonly correlation?: number
  /** Fraction of packets that do not wait out the delay, 0..1: they overtake those sent before. Needs a delay. */
  readonly reordering?: number
  /** Fraction of packets lost, 0..1. */
  readonly loss?: number
  /** Bytes per second; absent means unlimited. */
  readonly rate?: number
}

/** A node as others address it. `host` names it on the wire (empty when unknown), `peerId` after the handshake. */
export interface LinkPeer {
  readonly name: string
  readonly host: string
  readonly peerId: string
}

/** Peers that share one link, seen from the row's node: `out` is traffic to them, `in` traffic from them. */
export interface LinkClass {
  readonly direction: 'in' | 'out'
  readonly link: Link
  readonly peers: readonly LinkPeer[]
}

/** One node's share of the matrix. */
export interface LinkRow {
  /** Rows with different ids compose; a row with the same id replaces the earlier one. */
  readonly id: string
  /** Absolute end, milliseconds since the epoch. The node itself obeys it: nobody has to remove the row. */
  readonly endsAt: number
  readonly classes: readonly LinkClass[]
}

export const openLink: Link = { drop: false }

/** Two influences on one link at once: drop = or, delay = sum, loss and reordering = 1-(1-a)(1-b), rate = min. Commutative and associative. */
export function composeLinks(a: Link, b: Link): Link {
  const delayMs = (a.delayMs ?? 0) + (b.delayMs ?? 0)
  const jitterMs = Math.hypot(a.jitterMs ?? 0, b.jitterMs ?? 0)
  const correlation = Math.max(a.correlation ?? 0, b.correlation ?? 0)
  const either = (x = 0, y = 0): number => 1 - (1 - x) * (1 - y)
  const loss = either(a.loss, b.loss)
  const reordering = either(a.reordering, b.reordering)
  const rate = Math.min(a.rate ?? Number.POSITIVE_INFINITY, b.rate ?? Number.POSITIVE_INFINITY)
  return {
    drop: a.drop || b.drop,
    ...(delayMs > 0 && { delayMs }),
    ...(jitterMs > 0 && { jitterMs }),
    ...(correlation > 0 && { correlation }),
    ...(reordering > 0 && { reordering }),
    ...(loss > 0 && { loss }),
    ...(Number.isFinite(rate) && { rate }),
  }
}
