import { expect, test } from 'vitest'
import { formatPath, InputError } from '../errors.ts'
import { parseResources } from '../kinds.ts'
import type { Testnet } from '../testnet.ts'
import { bad, changes, good, testnetText } from './testnet.cases.ts'
import { checkChange } from './unchangeable.ts'

test.each(good)('%s is a Testnet', (_name, text) => {
  const parsed = parseResources(text, 'demo.yaml')
  expect(parsed).toHaveLength(1)
  expect(parsed[0]?.value.kind).toBe('Testnet')
})

test.each(bad)('$name is refused', ({ text, problems }) => {
  const told = problemsOf(text)
  expect(told.map(({ path }) => path)).toEqual(problems.map(([path]) => path))
  for (const [index, [, message, mend]] of problems.entries()) {
    expect(told[index]?.message).toContain(message)
    expect(told[index]?.mend).toContain(mend)
    expect(told[index]?.mend).not.toBe('')
    expect(told[index]).toMatchObject({ file: 'demo.yaml', line: 1 })
  }
})

function problemsOf(text: string) {
  try {
    parseResources(text, 'demo.yaml')
  } catch (error) {
    if (error instanceof InputError) return error.problems
    throw error
  }
  return []
}

test.each(changes)('a live testnet and $name', ({ before, after, problem }) => {
  const [old, now] = [before, after].map(spec => parseResources(testnetText(spec), 'demo.yaml')[0]!.value as Testnet)
  const told = checkChange(old!, now!).map(({ path, message, mend }) => [formatPath(path), message, mend] as const)
  expect(told.map(([path]) => path)).toEqual(problem ? [problem[0]] : [])
  if (problem) {
    expect(told[0]?.[1]).toContain(problem[1])
    expect(told[0]?.[2]).toContain(problem[2])
  }
  expect(checkChange(old!, old!)).toEqual([])
})
