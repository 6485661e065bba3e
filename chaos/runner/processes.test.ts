import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Processes } from './processes.ts'
import type { Lifecycle } from './target.ts'

/** A node that refuses what a real one refuses: to be paused while it is down. */
class Model implements Lifecycle {
  state: 'up' | 'still' | 'down' = 'up'
  starts = 0
  until = 0
  async kill(_node: string, until: number): Promise<void> {
    this.state = 'down'
    this.until = until
  }
  async revive(): Promise<void> {
    if (this.state === 'down') await this.restart()
  }
  async pause(_node: string, until: number): Promise<void> {
    if (this.state === 'down') throw new Error('is down, it cannot be paused')
    this.state = 'still'
    this.until = until
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
      fc.array(fc.record({ begin: fc.boolean(), fault, until: fc.nat(), pick: fc.nat(), restart: fc.boolean() }), {
        maxLength: 24,
      }),
      async steps => {
        const model = new Model()
        const processes = new Processes(model)
        const inForce: { kind: 'kill' | 'pause'; until: number }[] = []
        for (const { begin, fault: kind, until, pick, restart } of steps) {
          if (restart) await processes.restart('n')
          else if (begin) {
            inForce.push({ kind, until })
            await (kind === 'kill' ? processes.kill('n', until) : processes.pause('n', until))
          } else if (inForce.length > 0) {
            const [over] = inForce.splice(pick % inForce.length, 1)
            await (over!.kind === 'kill' ? processes.revive('n', over!.until) : processes.resume('n', over!.until))
          }
          const kinds = inForce.map(hold => hold.kind)
          expect(model.state).toBe(kinds.includes('kill') ? 'down' : kinds.includes('pause') ? 'still' : 'up')
          // Whoever drives the node lets it go by itself, and not before the last that holds it.
          const holding = inForce.filter(hold => hold.kind === (model.state === 'down' ? 'kill' : 'pause'))
          if (model.state !== 'up')
            expect(model.until).toBeGreaterThanOrEqual(Math.max(...holding.map(hold => hold.until)))
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('what an earlier runner did is lifted as if this one had done it', async () => {
  const model = new Model()
  await model.kill('n', 5)
  const processes = new Processes(model)
  processes.adopt('n', 'kill', 5)
  await processes.revive('n', 5)
  expect([model.state, model.starts]).toEqual(['up', 1])
})

test('things are done to a node one after the other, and a failure stops none after it', async () => {
  const model = new Model()
  model.state = 'down'
  const processes = new Processes(model)
  const [pause, kill] = await Promise.allSettled([processes.pause('n', 5), processes.kill('n', 5)])
  expect([pause.status, kill.status]).toEqual(['rejected', 'fulfilled'])
  expect(model.state).toBe('down')
})
