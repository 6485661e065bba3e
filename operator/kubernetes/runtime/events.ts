// Writes events (events.k8s.io/v1) about objects. Recording never waits and never fails; what cannot be written is counted.
import { randomBytes } from 'node:crypto'
import { isTerminal, NotLeaderError } from './api-error.ts'
import { EventSeries, type Happening } from './event-series.ts'
import type { RuntimeMetrics } from './metrics.ts'
import { type Event, type KubeObject, resources } from './resource.ts'
import type { Intent, Writer } from './writer.ts'

/** Events that wait to be written; more are dropped. */
export const MAX_PENDING_EVENTS = 256
/** The API's bound of a note, in bytes. */
export const MAX_NOTE_BYTES = 1_024
const MAX_TRIES = 3
/** Events about objects without a namespace are put here, as client-go does. */
const FALLBACK_NAMESPACE = 'default'

export interface EventInput extends Omit<Happening, 'uid'> {
  /** What was done or tried: `Reconcile`, `RollOut`. */
  readonly action: string
}

export class EventRecorder {
  readonly #writer: Writer
  readonly #metrics: RuntimeMetrics
  readonly #instance: string
  readonly #series = new EventSeries()
  readonly #pending: Intent<Event>[] = []
  /** Names of this process's events: those of an earlier one have another first time, which must not change. */
  readonly #run = randomBytes(4).toString('hex')
  readonly #signal: AbortSignal
  #flushing: Promise<void> | undefined

  constructor(writer: Writer, metrics: RuntimeMetrics, instance: string, signal: AbortSignal) {
    this.#writer = writer
    this.#metrics = metrics
    this.#instance = instance
    this.#signal = signal
  }

  record(about: KubeObject, { type, reason, note, action }: EventInput): void {
    const { apiVersion, kind, metadata } = about
    const cut = clip(note)
    const now = Date.now()
    const verdict = this.#series.take({ uid: metadata.uid ?? '', type, reason, note: cut }, now)
    if (verdict.kind === 'hold') return
    if (verdict.kind === 'drop') {
      this.#drop('rate')
      return
    }
    const namespace = metadata.namespace ?? FALLBACK_NAMESPACE
    const event: Intent<Event> = {
      apiVersion: resources.events.apiVersion,
      kind: resources.events.kind,
      metadata: { namespace, name: `${metadata.name}.${this.#run}.${verdict.id}` },
      eventTime: microTime(verdict.at),
      reportingController: 'trellis.dev/operator',
      reportingInstance: this.#instance.slice(0, 128),
      action,
      reason,
      type,
      note: cut,
      // Without its version: of a stored event nothing but the series may change.
      regarding: {
        ...(apiVersion && { apiVersion }),
        ...(kind && { kind }),
        name: metadata.name,
        ...(metadata.namespace && { namespace: metadata.namespace }),
        ...(metadata.uid && { uid: metadata.uid }),
      },
      ...(verdict.kind === 'update' && { series: { count: verdict.count, lastObservedTime: microTime(now) } }),
    }
    if (this.#pending.length >= MAX_PENDING_EVENTS) {
      this.#drop('queue')
      return
    }
    this.#pending.push(event)
    this.#flushing ??= this.#write().finally(() => {
      this.#flushing = undefined
    })
  }

  /** Resolves when nothing waits any more. */
  async flush(): Promise<void> {
    while (this.#flushing) await this.#flushing
  }

  async #write(): Promise<void> {
    for (let event = this.#pending.shift(); event; event = this.#pending.shift()) {
      for (let attempt = 1; ; attempt++) {
        try {
          await this.#writer.apply(resources.events, event, this.#signal)
          break
        } catch (error) {
          if (attempt < MAX_TRIES && !isTerminal(error) && !(error instanceof NotLeaderError) && !this.#signal.aborted)
            continue
          this.#drop('failed')
          break
        }
      }
    }
  }

  #drop(reason: string): void {
    this.#metrics.eventsDropped.inc({ reason })
  }
}

function clip(note: string): string {
  const bytes = Buffer.from(note, 'utf8')
  // A character cut in half becomes a replacement character, which is longer than a byte.
  return bytes.length <= MAX_NOTE_BYTES ? note : `${bytes.subarray(0, MAX_NOTE_BYTES - 6).toString('utf8')}…`
}

const microTime = (at: number): string => new Date(at).toISOString().replace('Z', '000Z')
