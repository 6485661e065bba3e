import { expect, test } from 'vitest'
import { chooseNodes } from './choose-nodes.ts'

const nodes = ['a-0', 'a-1', 'a-2', 'b-0', 'c-0', 'c-1'].map(name => ({ name, group: name.slice(0, 1) }))
test.each([
  [9, ['a-0', 'a-1', 'a-2', 'b-0', 'c-0', 'c-1']],
  [4, ['a-0', 'a-1', 'b-0', 'c-0']],
  [2, ['a-0', 'b-0']],
  [0, []],
])('%i of six', (max, expected) => expect(chooseNodes(nodes, max).map(({ name }) => name)).toEqual(expected))
