// What the agent is asked and answers over HTTP. Every request carries `authorization: Bearer TOKEN` (token.ts).
//
//   PUT    /v1/experiments/:experiment         the experiment's rows from now on, all of them   -> Report
//   POST   /v1/experiments/:experiment/lease   the same rows for longer                         -> Report
//   GET    /v1/experiments/:experiment         what holds and what it did, ended rows too       -> Report
//   DELETE /v1/experiments/:experiment         ends it for good: its rows are refused from now on -> Report
//   GET    /v1/preflight                       what this kernel can do                          -> Preflight
//   GET    /healthz, /metrics                  without a token: nothing can be done or learned of experiments by them
import { z } from 'zod'
import type { Link } from '../../api/link.ts'
import { linkRowSchema } from '../../api/node-config.ts'
import { parseAddress } from './address.ts'
import { MAX_ROWS } from './limits.ts'
import type { Primitive } from './preflight.ts'
import type { Count } from './table-content.ts'

/** Milliseconds since the epoch. */
const moment = z.int().positive()

const row = linkRowSchema.superRefine((value, context) => {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value.id)) {
    context.addIssue({
      code: 'custom',
      path: ['id'],
      message: 'expected letters, digits, dots, dashes and underscores',
    })
  }
  for (const [index, { direction, link, peers }] of value.classes.entries()) {
    const path = ['classes', index]
    if (direction === 'in' && (link.delayMs || link.jitterMs || link.reordering || link.rate !== undefined)) {
      const message = 'delay, jitter, reordering and rate stand at the sender: give them to its row, direction `out`'
      context.addIssue({ code: 'custom', path: [...path, 'link'], message })
    }
    if (link.reordering && !link.delayMs) {
      const message = 'reordering needs a delay: packets overtake those that wait'
      context.addIssue({ code: 'custom', path: [...path, 'link', 'reordering'], message })
    }
    const unknown = peers.findIndex(({ host }) => parseAddress(host) === undefined)
    if (unknown >= 0) {
      const message = `\`${peers[unknown]?.host}\` is no address of one host off loopback; resolve names before`
      context.addIssue({ code: 'custom', path: [...path, 'peers', unknown, 'host'], message })
    }
  }
})

export const rowsSchema = z.strictObject({
  /** When the lease ends unless it is renewed. Each row ends at its own `endsAt` at the latest. */
  until: moment,
  rows: z
    .array(row)
    .max(MAX_ROWS)
    .refine(rows => new Set(rows.map(({ id }) => id)).size === rows.length, 'two rows have the same id'),
})
export type RowsRequest = z.infer<typeof rowsSchema>
export const leaseSchema = z.strictObject({ until: moment })

export interface Report {
  /** The agent's clock, milliseconds since the epoch: by how far the asker's differs can be told. */
  readonly now: number
  /** When the lease ends; absent of an experiment that holds nothing. */
  readonly until?: number | undefined
  readonly rows: readonly RowReport[]
}

export interface RowReport {
  readonly id: string
  readonly endsAt: number
  /** Its rules are gone, and the counts are final. */
  readonly ended: boolean
  readonly parts: readonly PartReport[]
}

/** Classes of a row with the same direction and link count together. */
export interface PartReport {
  readonly direction: 'in' | 'out'
  readonly link: Link
  /** Addresses it holds for. */
  readonly addresses: number
  /** Packets from or to these addresses while it was in force. All of them were dropped when the link drops. */
  readonly met: Count
  readonly lost: Count
  /** Packets that went through the delay or limit it is part of, and how many of them its queue had no room for. */
  readonly shaped: Count & { readonly overflowed: number }
}

export interface Preflight {
  readonly primitives: readonly Primitive[]
}
