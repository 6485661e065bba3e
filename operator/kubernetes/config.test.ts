import { expect, test } from 'vitest'
import { operatorConfigSchema } from './config.ts'

const config = (resources: object) => ({
  namespace: 'a',
  nodes: { image: 'a', resources },
  operator: { pod: {} },
})

test.each([
  [
    { cpu: '0.5', memory: '1024Mi' },
    { cpu: '500m', memory: '1Gi' },
  ],
  [
    { cpu: '1000m', memory: '1.5Gi' },
    { cpu: '1', memory: '1536Mi' },
  ],
  [
    { cpu: 2, memory: 268_435_456 },
    { cpu: '2', memory: '268435456' },
  ],
  [{}, { cpu: '50m', memory: '192Mi' }],
])('amounts %j are as an API server stores them: %j', (requests, stored) =>
  expect(operatorConfigSchema.parse(config({ requests })).nodes.resources.requests).toEqual(stored),
)

test.each([{ memory: '192m' }, { cpu: '1Gi' }, { cpu: '1k' }, { cpu: '0' }, { memory: '1e9' }])(
  'no amounts are %j',
  requests => expect(operatorConfigSchema.safeParse(config({ requests })).success).toBe(false),
)
