// The HTML report as a browser shows it: nothing clipped, nothing over anything else, nothing asked for, in light and dark,
// wide and narrow, and on paper. Needs a Chromium; without one the tests are skipped and say so.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunRecord } from '../../api/run.ts'
import { verdictHtml } from '../../chaos/report/html/page.ts'
import { healthyRun } from '../../chaos/verdict/fixture.ts'
import { judge } from '../../chaos/verdict/judge.ts'
import { type Chromium, findChromium, type Page, startChromium, type View } from '../support/chromium.ts'

const path = findChromium()
if (path === undefined)
  console.log('skipped: the pictures of the report need a Chromium in PATH, or CHROMIUM=/path/to/one')

/** A run with all there is to draw: long names, many faults, silent nodes, branches, every fate. */
function crowdedRun(): RunRecord {
  const run = healthyRun()
  const [fault] = run.experiment.faults
  const [window] = run.windows
  const kinds = ['kill', 'pause', 'latency'] as const
  run.experiment = {
    ...run.experiment,
    name: 'everything-at-once-on-a-testnet-with-a-long-name',
    heal: { ...run.experiment.heal, maxReorgDepth: 3 },
    faults: [
      fault!,
      ...kinds.map((kind, index) => ({
        ...fault!,
        name: `a-fault-with-a-long-name-${index}`,
        select: { names: ['c'] },
        action: { kind, delayMs: 20, jitterMs: 0, correlation: 0, staggerMs: 2_000 } as never,
      })),
    ],
  }
  run.windows.push(
    ...kinds.map((_, index) => ({
      ...window!,
      fault: `a-fault-with-a-long-name-${index}`,
      injectedAt: 22_000 + index * 3_000,
      liftedAt: 30_000 + index * 3_000,
      targets: ['c'],
      hits: [{ node: 'c', at: 22_000, until: 25_000 }],
    })),
  )
  for (const sample of run.samples)
    if (sample.node === 'c' && sample.at > 22_000 && sample.at < 26_000) sample.status = null
  const fates = ['included', 'pool', 'lost', 'doubled', 'refused', 'unknown'] as const
  run.canaries = fates.map((fate, index) => ({
    ...run.canaries[0]!,
    index,
    fate,
    submittedAt: 22_000 + index * 2_500,
    side: index % 2,
  }))
  for (const [index, { event }] of run.events.entries())
    if (event.kind === 'block' && event.from !== 'self')
      Object.assign(event, { delayMs: event.delayMs + (index % 9) * 220 })
  for (const node of ['a', 'b', 'c', 'd']) {
    const index = run.testnet.nodes.findIndex(({ name }) => name === node)
    run.testnet.nodes[index] = { ...run.testnet.nodes[index]!, region: 'reykjavik' }
  }
  run.notes = ['c restarted']
  return run
}

const runs = { healthy: healthyRun(), crowded: crowdedRun() }
const views: readonly (View & { name: string })[] = [
  { name: '1280 px', width: 1_280 },
  { name: '800 px', width: 800 },
  { name: '1280 px, dark', width: 1_280, dark: true },
  // A4 without its margins, at 96 dots an inch.
  { name: 'print', width: 688, print: true },
]

describe.skipIf(path === undefined)('the report in a browser', () => {
  let chromium: Chromium
  const folder = mkdtempSync(join(tmpdir(), 'trellis-report-'))
  const pages = new Map<string, Page>()
  beforeAll(async () => {
    chromium = await startChromium(path!)
    for (const [name, run] of Object.entries(runs)) {
      const file = join(folder, `${name}.html`)
      writeFileSync(file, verdictHtml(run, judge(run)))
      pages.set(name, await chromium.open(pathToFileURL(file).href))
    }
  })
  afterAll(async () => {
    await chromium?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const cases = Object.keys(runs).flatMap(run => views.map(view => ({ run, view, name: `${run}, ${view.name}` })))
  test.each(cases)('$name: whole, legible and quiet', async ({ run, view }) => {
    const page = pages.get(run)!
    await page.look(view)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(view.width)
    expect(await page.evaluate(clipped), 'cut off').toEqual([])
    expect(await page.evaluate(overlapping), 'one text over another').toEqual([])
    expect(await page.evaluate(illegible), 'small, or of too little contrast').toEqual([])
    const picture = await page.screenshot()
    expect(picture.subarray(1, 4).toString()).toBe('PNG')
    expect(page.requests).toHaveLength(1)
    expect(page.complaints).toEqual([])
  })

  test('dark and light are different, and paper is light whatever the reader prefers', async () => {
    const page = pages.get('healthy')!
    const colours: string[] = []
    for (const view of [{ width: 800 }, { width: 800, dark: true }, { width: 800, dark: true, print: true }]) {
      await page.look(view)
      colours.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'))
    }
    expect(colours).toEqual(['rgb(255, 255, 255)', 'rgb(20, 22, 27)', 'rgb(255, 255, 255)'])
  })

  test('it prints', async () => {
    const pdf = await pages.get('crowded')!.pdf()
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
    const count = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length ?? 0
    expect(count).toBeGreaterThan(1)
    expect(count).toBeLessThan(10)
  })

  // Expressions for the page. Texts count by the box of their glyphs.
  const texts = `[...document.querySelectorAll('svg text')].filter(text => text.textContent.trim())`
  const clipped = `${texts}.flatMap(text => {
    const frame = text.ownerSVGElement.getBoundingClientRect(), box = text.getBoundingClientRect()
    const inside = box.left >= frame.left - 1 && box.right <= frame.right + 1 && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1
    return inside ? [] : [text.textContent]
  }).concat([...document.querySelectorAll('p, li, td, dd, h1, h2, h3')]
    .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.textContent))`
  const overlapping = `[...document.querySelectorAll('svg')].flatMap(svg => {
    const boxes = [...svg.querySelectorAll('text')].map(text => ({ text: text.textContent, ...text.getBoundingClientRect().toJSON() }))
    return boxes.flatMap((a, index) => boxes.slice(index + 1)
      .filter(b => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)
      .map(b => a.text + ' / ' + b.text))
  })`
  const illegible = `(() => {
    const channels = colour => colour.match(/[\\d.]+/g).map(Number)
    const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
      .reduce((sum, c, index) => sum + c * [0.2126, 0.7152, 0.0722][index], 0)
    const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05)
    const page = channels(getComputedStyle(document.body).backgroundColor)
    const small = ${texts}.filter(text => text.getBoundingClientRect().height < 9).map(text => 'small: ' + text.textContent)
    const faint = [...document.querySelectorAll('p, li, td, th, dt, dd, h1, h2, h3, .outcome, .mark')]
      .filter(node => contrast(channels(getComputedStyle(node).color), page) < 4.5)
      .map(node => 'faint: ' + node.textContent)
    return small.concat(faint)
  })()`
})
