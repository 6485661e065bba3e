// Two runners of one experiment at once: whoever came last goes on, and the other one finds out before it does harm.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { type Checkpoint, checkpointOf } from '../../chaos/runner/checkpoint.ts'
import { healthyRun } from '../../chaos/verdict/fixture.ts'
import { checkpointObject } from '../../operator/kubernetes/chaos/names.ts'
import type { StoredExperiment } from '../../operator/kubernetes/chaos/stored-experiment.ts'
import { Superseded } from '../../operator/kubernetes/runner/claim.ts'
import { Kept } from '../../operator/kubernetes/runner/kept.ts'
import { letGoReason } from '../../operator/kubernetes/runner/lookout.ts'
import { RUNNER_FIELD_MANAGER } from '../../operator/kubernetes/runner/run-experiment.ts'
import { resources } from '../../operator/kubernetes/runtime/resource.ts'
import { Writer } from '../../operator/kubernetes/runtime/writer.ts'
import { alwaysLeader, type Ground, never, newGround } from '../support/api-server.ts'

const tier = inject('apiTier')
let ground: Ground
beforeEach(async () => {
  if (tier.address) ground = await newGround(tier.address, readFileSync(tier.address.kubeconfig, 'utf8'))
})
afterEach(() => ground?.close())

function runner(holder: string, { uid = 'u-cut', proxied = false } = {}): Kept {
  const api = proxied ? ground.api : ground.direct
  const owner: StoredExperiment = { metadata: { name: 'cut', namespace: ground.namespace, uid }, spec: {} }
  return new Kept(api, new Writer(api, alwaysLeader, RUNNER_FIELD_MANAGER), owner, holder)
}
const noted = (note: string): Checkpoint => ({ ...checkpointOf(healthyRun()), notes: [note] })
const name = () => ({ namespace: ground.namespace, name: checkpointObject('cut') })

describe.skipIf(tier.missing !== undefined)('a runner', () => {
  test('goes on from what the one before it kept, and that one lets go', async () => {
    const [old, next] = [runner('old'), runner('next')]
    expect(await old.takeOver(never)).toBeUndefined()
    await old.saveCheckpoint(noted('of old'), never)
    const end = new AbortController()
    const letGo = letGoReason(old, end.signal, end.signal)
    expect(await next.takeOver(never)).toEqual(noted('of old'))
    // Nothing that must be on record first can be done by it any more: no kill is repeated.
    await expect(old.saveCheckpoint(noted('too late'), never)).rejects.toThrow(Superseded)
    expect(await letGo).toBe('next goes on with the run')
    await next.saveCheckpoint(noted('of next'), never)
    expect(await runner('third').takeOver(never)).toEqual(noted('of next'))
    end.abort()
  })

  test('is alone in the end when two come at the same moment', async () => {
    await runner('before').takeOver(never)
    const both = [runner('a'), runner('b')]
    await Promise.all(both.map(each => each.takeOver(never)))
    const saved = await Promise.allSettled(both.map(each => each.saveCheckpoint(noted('x'), never)))
    expect(saved.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const [loser] = saved.filter(each => each.status === 'rejected')
    expect(loser!.reason).toBeInstanceOf(Superseded)
  })

  test('keeps its place through lost answers and the hands of others', async () => {
    const one = runner('one', { proxied: true })
    await one.takeOver(never)
    const writes = { match: ({ method }: { method: string }) => method === 'PATCH', times: 1 }
    ground.proxy.inject({ ...writes, fault: { kind: 'cut', server: 'served' } })
    await one.saveCheckpoint(noted('first'), never)
    await ground.writer.apply(
      resources.configMaps,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...name(), labels: { team: 'net' } } },
      never,
    )
    await one.saveCheckpoint(noted('second'), never)
    await ground.remove(checkpointObject('cut'))
    await one.saveCheckpoint(noted('third'), never)
    await one.check(never)
    expect(await runner('two').takeOver(never)).toEqual(noted('third'))
  })

  test('does not go on from an experiment of the same name that was deleted', async () => {
    const gone = runner('gone', { uid: 'u-before' })
    await gone.takeOver(never)
    await gone.saveCheckpoint(noted('of another'), never)
    const next = runner('next')
    expect(await next.takeOver(never)).toBeUndefined()
    await next.saveCheckpoint(noted('ours'), never)
    expect(await runner('third').takeOver(never)).toEqual(noted('ours'))
  })
})
