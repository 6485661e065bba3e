import { expect, test } from 'vitest'
import { InputError } from '../errors.ts'
import { parseResources } from '../kinds.ts'
import { bad, good } from './testnet.cases.ts'

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
