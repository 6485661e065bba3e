import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimed, claimTestnet, queueForTestnet } from './experiment-claim.ts'
import { identityOf } from './process-identity.ts'
import { experimentFile } from './state-folder.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trellis-claim-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const release = (got: ReturnType<typeof claimTestnet>): void => {
  if (!('release' in got)) throw new Error(`held by ${got.heldBy.experiment}`)
  got.release()
}

test('one at a time; given back, the next may', () => {
  const first = claimTestnet(folder, 'first')
  expect(claimTestnet(folder, 'second')).toMatchObject({ heldBy: { experiment: 'first', pid: process.pid } })
  expect(claimed(folder)?.experiment).toBe('first')
  release(first)
  expect(claimed(folder)).toBeUndefined()
  release(claimTestnet(folder, 'second'))
  expect(readdirSync(folder)).toEqual([])
})

test('the claim of a process that was killed blocks nobody', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  const pid = child.pid!
  const dead = { experiment: 'killed', pid, identity: identityOf(pid), since: 1 }
  writeFileSync(experimentFile(folder), JSON.stringify(dead))
  expect(claimTestnet(folder, 'next')).toMatchObject({ heldBy: { experiment: 'killed' } })
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  release(claimTestnet(folder, 'next'))
})

test.each(['', '{', '{"pid": 1}', '[]'])('what is no claim holds nobody up: %s', text => {
  writeFileSync(experimentFile(folder), text)
  release(claimTestnet(folder, 'next'))
})

test('who queues gets its turn when it comes, and learns once of whom it waits for', async () => {
  const first = claimTestnet(folder, 'first')
  const told: string[] = []
  const turn = queueForTestnet(
    folder,
    'second',
    ({ experiment }) => told.push(experiment),
    new AbortController().signal,
  )
  await expect.poll(() => told).toEqual(['first'])
  release(first)
  const back = await turn
  expect(claimed(folder)?.experiment).toBe('second')
  back?.()
  expect(told).toEqual(['first'])
})

test('who queues may give up', async () => {
  const first = claimTestnet(folder, 'first')
  const end = new AbortController()
  const turn = queueForTestnet(folder, 'second', () => end.abort(), end.signal)
  expect(await turn).toBeUndefined()
  expect(claimed(folder)?.experiment).toBe('first')
  release(first)
})
