import { expect, test } from 'vitest'
import { z } from 'zod'
import { structural } from './crd/structural.ts'
import { crdTemplates, customResourceDefinitions } from './crds.ts'

const none = { rules: [], listKeys: {} }

test.each([
  ['a union of other types', { anyOf: [{ type: 'boolean' }, { type: 'string' }] }, 'union'],
  ['a reference', { $ref: '#/x' }, '$ref'],
  ['a condition', { type: 'object', not: { required: ['a'] } }, 'not'],
  [
    'a keyword deep inside',
    { type: 'object', properties: { a: { type: 'array', items: { type: 'string', const: 'x' } } } },
    'a[]: const',
  ],
  ['no type', { properties: {} }, 'no type'],
])('%s has no structural form', (_name, schema, message) => {
  expect(() => structural(schema, none)).toThrow(message)
})

test('a rule for a field that is not there is an error', () => {
  const rules = [{ path: 'spec.nowhere', rule: 'true', message: '' }]
  expect(() => structural({ type: 'object', properties: {} }, { rules, listKeys: {} })).toThrow('spec.nowhere')
})

test('a whole number or text becomes int-or-string with the bounds of both', () => {
  const json = z.toJSONSchema(z.union([z.int().min(1), z.string().max(9)]), { target: 'openapi-3.0', io: 'input' })
  expect(structural(json as Record<string, unknown>, none)).toEqual({
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    maxLength: 9,
    'x-kubernetes-int-or-string': true,
  })
})

test('every fieldPath of a rule names a field', () => {
  for (const definition of customResourceDefinitions()) {
    for (const [schema, { fieldPath }] of rulesOf(definition.spec.versions[0]!.schema.openAPIV3Schema)) {
      let at: Record<string, unknown> | undefined = schema
      for (const field of fieldPath?.split('.').slice(1) ?? [])
        at = (at?.properties as Record<string, Record<string, unknown>> | undefined)?.[field]
      expect(at, fieldPath).toBeDefined()
    }
  }
})

function* rulesOf(node: unknown): Generator<[Record<string, unknown>, { fieldPath?: string }]> {
  if (typeof node !== 'object' || node === null) return
  const schema = node as Record<string, unknown>
  if (!Array.isArray(node))
    for (const rule of (schema['x-kubernetes-validations'] ?? []) as { fieldPath?: string }[]) yield [schema, rule]
  for (const value of Object.values(schema)) yield* rulesOf(value)
}

test('the templates are switched by the values', () => {
  for (const template of Object.values(crdTemplates())) {
    expect(template).toContain('.Values.crds.enabled')
    expect(template).toContain('.Values.crds.keep')
  }
})
