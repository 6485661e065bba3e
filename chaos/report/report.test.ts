import { expect, test } from 'vitest'
import { parseRunRecord, type RunRecord } from '../../api/run.ts'
import { healthyRun } from '../verdict/fixture.ts'
import { judge } from '../verdict/judge.ts'
import { runJson, verdictJson } from './json.ts'
import { verdictJunit } from './junit.ts'
import { verdictText } from './text.ts'

const judged = (change: (run: RunRecord) => void = () => {}) => {
  const run = healthyRun()
  change(run)
  return judge(run)
}
const failing = () =>
  judged(run => {
    run.experiment = { ...run.experiment, heal: { ...run.experiment.heal, maxReorgDepth: 0 } }
  })
const open = () =>
  judged(run => {
    run.windows[0]!.counters = []
  })

test('the text says for each finding what was measured, the limit and the outcome', () => {
  const text = verdictText(failing(), { color: false })
  expect(text).toMatch(/✔ One head on all nodes +after 850 ms\n +limit: within 10\.0 s/)
  expect(text).toMatch(/✘ Reorganisation depth +FAILED: 5 blocks/)
  expect(text).toContain('- b: 5 blocks deep, 1 reorg')
  expect(text).toMatch(/\n✘ Failed: halves on quick: Reorganisation depth: 5 blocks/)
  expect(text.replaceAll(/\s+/g, ' ')).toContain('(limit: at most 0 blocks)')
  expect(text).toMatch(/\nfidelity: userspace \(.*\)\n$/)
  expect(verdictText(open(), { color: false })).toMatch(/○ The fault bit +not measured: /)
  const unlimited = judged(run => {
    run.experiment = { ...run.experiment, heal: { ...run.experiment.heal, maxReorgDepth: undefined } }
  })
  expect(verdictText(unlimited, { color: false })).toMatch(/○ Reorganisation depth +5 blocks at the deepest/)
  expect(verdictText(judged(), { color: false })).not.toContain('- a grafted')
  expect(verdictText(judged(), { color: false, verbose: true })).toContain('a grafted b')
})

test('colour adds escape codes and nothing else, and lines keep to the width', () => {
  const colored = verdictText(failing(), { color: true })
  const plain = verdictText(failing(), { color: false })
  expect(colored).not.toBe(plain)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what is looked for
  expect(colored.replace(/\u001b\[[0-9;]*m/g, '')).toBe(plain)
  for (const width of [60, 80, 120]) {
    const text = verdictText(failing(), { color: false, width })
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(width)
  }
})

test('JSON reads back', () => {
  expect(JSON.parse(verdictJson(failing()))).toEqual(failing())
  expect(parseRunRecord(runJson(healthyRun()))).toEqual(healthyRun())
})

test('JUnit: failures, skips, and an error for an inconclusive run', () => {
  const junit = verdictJunit(failing(), 61.5)
  expect(junit).toContain('<testsuites tests="10" failures="1" errors="0" skipped="0" time="61.500">')
  expect(junit).toContain(
    'name="reorg-depth" time="0"><failure type="reorg-depth" message="Reorganisation depth: 5 blocks',
  )
  expect(verdictJunit(open(), 1)).toContain('errors="1" skipped="1"')
  expect(verdictJunit(open(), 1)).toContain(
    '<error message="the fault is not proved: cut: no node told its link counters"/>',
  )
})

test('JUnit holds whatever a node may say', () => {
  const verdict = judged(run => {
    run.windows[0]!.failures = [{ node: 'a', message: '<"&\u0000\n\ud800>' }]
  })
  const junit = verdictJunit(verdict, 1)
  expect(junit).not.toContain('\u0000')
  expect(junit.match(/<testcase /g)).toHaveLength(10)
  expect(junit).not.toContain('<"&')
})
