import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Processes } from './processes.ts'
import type { Lifecycle } from './target.ts'

/** A node that refuses what a real one refuses: to be paused or killed twice. */
class Model implements Lifecycle {
  state: 'up' | 'still' | 'down' = 'up'
  starts = 0
  async kill(): Promise<void> {
    if (this.state === 'down') throw new Error('is down')
    this.state = 'down'
  }
  async pause(): Promise<void> {
    if (this.state !== 'up') throw new Error(`is ${this.state}, it cannot be paused`)
    this.state = 'still'
  }
  async resume(): Promise<void> {
    if (this.state === 'still') this.state = 'up'
  }
  async restart(): Promise<void> {
    this.state = 'up'
    this.starts++
  }
}

test('however faults overlap, the node is down while any wants it down, else still while any wants it still', async () => {
  const fault = fc.constantFrom('kill', 'pause')
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ begin: fc.boolean(), fault, pick: fc.nat(), restart: fc.boolean() }), { maxLength: 24 }),
      async steps => {
        const model = new Model()
        const processes = new Processes(model)
        const inForce: ('kill' | 'pause')[] = []
        for (const { begin, fault, pick, restart } of steps) {
          if (restart) await processes.restart('n')
          else if (begin) {
            inForce.push(fault)
            await (fault === 'kill' ? processes.kill('n') : processes.pause('n'))
          } else if (inForce.length > 0) {
            const [over] = inForce.splice(pick % inForce.length, 1)
            await (over === 'kill' ? processes.revive('n') : processes.resume('n'))
          }
          expect(model.state).toBe(inForce.includes('kill') ? 'down' : inForce.includes('pause') ? 'still' : 'up')
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('what an earlier runner did is lifted as if this one had done it', async () => {
  const model = new Model()
  await model.kill()
  const processes = new Processes(model)
  processes.adopt('n', 'kill')
  await processes.revive('n')
  expect([model.state, model.starts]).toEqual(['up', 1])
})

test('things are done to a node one after the other, and a failure stops none after it', async () => {
  const model = new Model()
  model.state = 'still'
  const processes = new Processes(model)
  const [pause, kill] = await Promise.allSettled([processes.pause('n'), processes.kill('n')])
  expect([pause.status, kill.status]).toEqual(['rejected', 'fulfilled'])
  expect(model.state).toBe('down')
})
