import { expect, test } from 'vitest'
import { z } from 'zod'
import { experimentSchema } from './experiment.ts'
import { testnetSchema } from './testnet.ts'

// The custom resource definitions are made from these schemas, so they must be ones an API server takes.

interface Node {
  readonly [key: string]: unknown
}

function* walk(node: unknown, path: string): Generator<[string, Node]> {
  if (typeof node !== 'object' || node === null) return
  if (!Array.isArray(node)) yield [path, node as Node]
  for (const [key, value] of Object.entries(node)) yield* walk(value, `${path}/${key}`)
}

test.each([
  ['Testnet', testnetSchema],
  ['ChaosExperiment', experimentSchema],
])('%s: every text and list is bounded, every pattern is plain, no field is open', (_name, schema) => {
  const json = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' })
  const nodes = [...walk(json, '')].filter(([, node]) => typeof node.type === 'string')
  expect(nodes.length).toBeGreaterThan(20)
  for (const [path, node] of nodes) {
    if (node.type === 'string' && !node.enum) expect(node, path).toHaveProperty('maxLength')
    if (node.type === 'array') expect(node, path).toHaveProperty('maxItems')
    if (node.type === 'object') expect(node, path).toHaveProperty('additionalProperties')
    // RE2, which API servers use, knows no look-around and no back reference.
    if (typeof node.pattern === 'string') expect(node.pattern, path).not.toMatch(/\(\?[=!<]|\\[1-9]/)
  }
})
