import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { boundLog, lastWords, tailLog } from './log-file.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trellis-test-'))
  path = join(folder, 'node.log')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a log is cut beyond its bound, once kept, and goes on', () => {
  writeFileSync(path, 'a\n'.repeat(100))
  expect(boundLog(path, 200)).toBe(false)
  appendFileSync(path, 'b\n')
  expect(boundLog(path, 200)).toBe(true)
  expect(statSync(path).size).toBe(0)
  expect(readFileSync(`${path}.1`, 'utf8')).toMatch(/a\nb\n$/)
  appendFileSync(path, 'c\n')
  expect(tailLog(path, 5)).toEqual(['c'])
})

test('the tail has whole lines only, however long the file', () => {
  writeFileSync(path, Array.from({ length: 50_000 }, (_, index) => `line ${index}`).join('\n'))
  expect(tailLog(path, 2)).toEqual(['line 49998', 'line 49999'])
  expect(tailLog(path, 20_000)[0]).toMatch(/^line \d+$/)
  expect(tailLog(join(folder, 'none'), 2)).toEqual([])
})

test.each([
  [
    '{"level":"info","message":"a"}\n{"level":"error","message":"cannot start","error":"no port"}\n{"level":"info","message":"b"}\n',
    'cannot start: no port',
  ],
  ['{"level":"info","message":"a"}\nnode: bad option\n', 'node: bad option'],
  ['', undefined],
])('last words of %j: %j', (text, expected) => {
  writeFileSync(path, text)
  expect(lastWords(path)).toBe(expected)
})
