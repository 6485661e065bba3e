// The time of the faults: each at its moment, canary transactions meanwhile.
import type { FaultWindow } from '../../api/run.ts'
import { type CompiledFault, endOf, lengthOf, rowId } from '../matrix.ts'
import { sendCanaries } from './canaries.ts'
import { runFault } from './fault.ts'
import { pause } from './node-client.ts'
import { IMPATIENT_MS } from './sampler.ts'
import type { Session } from './session.ts'

/** Resolves when every fault is over and lifted, early when the signal aborts. Goes on where the record says it was. */
export async function injectFaults(session: Session): Promise<void> {
  const { compiled, clients, recorder, now, signal, sampler, target } = session
  const startedAt = session.enteredAt('inject') ?? now()
  session.enter('inject', 'the end of the last fault', startedAt + endOf(compiled))
  await session.save()
  const patient = sampler.answerWithinMs
  sampler.answerWithinMs = IMPATIENT_MS
  const sending = target.canaries
    ? sendCanaries(compiled, startedAt, { clients, recorder, now, source: target.canaries }, signal)
    : Promise.resolve()
  await Promise.all([...compiled.map(fault => injectFault(session, fault, startedAt)), sending])
  sampler.answerWithinMs = patient
}

async function injectFault(session: Session, compiled: CompiledFault, startedAt: number): Promise<void> {
  const { experiment, recorder, now, signal, target, processes } = session
  const { name, atMs } = compiled.fault
  await pause(startedAt + atMs - now(), signal)
  const known = recorder.record.windows.find(({ fault }) => fault === name)
  // Aborted before its time. One that an earlier runner began is lifted all the same.
  if (signal.aborted && !known) return
  const { targets, sides } = session.fault(name)
  const plannedStart = startedAt + atMs
  const window: FaultWindow =
    known ??
    recorder.window({
      fault: name,
      plannedStart,
      plannedEnd: plannedStart + lengthOf(compiled),
      injectedAt: null,
      liftedAt: null,
      endedAt: null,
      targets: [...targets],
      sides: sides.map(side => [...side]),
      failures: [],
      counters: [],
    })
  await runFault(
    compiled,
    window,
    {
      target,
      processes,
      window,
      now,
      id: rowId(experiment.name, name),
      isStopped: node => session.isStopped(node),
      isGone: () => session.gone,
      save: () => session.save(),
      onRenewal: renew => {
        if (renew) session.renewals.set(name, renew)
        else session.renewals.delete(name)
      },
      onState: (state, until) => session.setFault(name, { state, until }),
    },
    signal,
  )
}
