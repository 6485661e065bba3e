// charts/trellis/templates/crds/: the custom resource definitions, from the schemas that parse files.
import { stringify } from 'yaml'
import { z } from 'zod'
import { experimentRules } from '../../api/check/experiment-rules.ts'
import type { KindRules } from '../../api/check/rules.ts'
import { testnetRules } from '../../api/check/testnet-rules.ts'
import { experimentSchema } from '../../api/experiment.ts'
import { experimentStatusSchema, testnetStatusSchema } from '../../api/status.ts'
import { testnetSchema } from '../../api/testnet.ts'
import { type Schema, structural } from './crd/structural.ts'

const group = 'trellis.dev'

interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date'
  readonly jsonPath: string
  readonly description?: string
  /** 1: with `-o wide` only. */
  readonly priority?: 1
}

interface KindDefinition {
  readonly kind: string
  readonly plural: string
  readonly shortName: string
  readonly schema: z.ZodType
  readonly status: z.ZodType
  readonly rules: KindRules
  readonly columns: readonly Column[]
}

const condition = (type: string, field: string): string => `.status.conditions[?(@.type=="${type}")].${field}`
const age: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }

const definitions: readonly KindDefinition[] = [
  {
    kind: 'Testnet',
    plural: 'testnets',
    shortName: 'tn',
    schema: testnetSchema,
    status: testnetStatusSchema,
    rules: testnetRules,
    columns: [
      { name: 'Ready', type: 'string', jsonPath: condition('Ready', 'status') },
      { name: 'Nodes', type: 'string', jsonPath: '.status.nodes.summary', description: 'ready/desired' },
      { name: 'Height', type: 'integer', jsonPath: '.status.height.max', description: 'Of the highest head' },
      { name: 'Heads', type: 'integer', jsonPath: '.status.headCount', description: 'Different heads at one moment' },
      age,
      {
        name: 'Lowest',
        type: 'integer',
        jsonPath: '.status.height.min',
        description: 'Of the lowest head',
        priority: 1,
      },
      { name: 'Finalized', type: 'integer', jsonPath: '.status.finalizedHeight', priority: 1 },
      { name: 'Stack', type: 'string', jsonPath: '.spec.network.stack', priority: 1 },
      { name: 'Reason', type: 'string', jsonPath: condition('Ready', 'reason'), priority: 1 },
      { name: 'Message', type: 'string', jsonPath: condition('Ready', 'message'), priority: 1 },
    ],
  },
  {
    kind: 'ChaosExperiment',
    plural: 'chaosexperiments',
    shortName: 'chaos',
    schema: experimentSchema,
    status: experimentStatusSchema,
    rules: experimentRules,
    columns: [
      { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
      { name: 'Reason', type: 'string', jsonPath: '.status.reason' },
      { name: 'Heal', type: 'string', jsonPath: '.status.healTime', description: 'To one head on all nodes' },
      { name: 'Reorg', type: 'integer', jsonPath: '.status.deepestReorg', description: 'Blocks undone at most' },
      { name: 'Testnet', type: 'string', jsonPath: '.spec.testnet' },
      age,
      { name: 'Fidelity', type: 'string', jsonPath: '.status.fidelity', priority: 1 },
      { name: 'Message', type: 'string', jsonPath: '.status.message', priority: 1 },
      { name: 'Next', type: 'string', jsonPath: '.status.runs.nextTime', priority: 1 },
    ],
  },
]

const jsonSchema = (schema: z.ZodType): Schema =>
  z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline', cycles: 'throw' }) as Schema

/** Of metadata an API server judges the name alone; the rest is its own. */
function openApi({ schema, status, rules }: KindDefinition): Schema {
  const { properties } = jsonSchema(schema) as { properties: Record<'metadata' | 'spec', Schema> }
  const name = (properties.metadata.properties as Record<string, Schema>).name!
  const top = {
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object', properties: { name } },
      spec: properties.spec,
      status: jsonSchema(status),
    },
  }
  return structural(top, rules)
}

/** The definitions as objects, for `apply`. */
export const customResourceDefinitions = () =>
  definitions.map(definition => {
    const { kind, plural, shortName, columns } = definition
    const singular = kind.toLowerCase()
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { kind, listKind: `${kind}List`, plural, singular, shortNames: [shortName], categories: ['trellis'] },
        versions: [
          {
            name: 'v1alpha1',
            served: true,
            storage: true,
            subresources: { status: {} },
            additionalPrinterColumns: columns,
            schema: { openAPIV3Schema: openApi(definition) },
          },
        ],
      },
    }
  })

/** The definitions as templates of the chart, by file: installed and kept as its values say. */
export function crdTemplates(): Record<string, string> {
  return Object.fromEntries(
    customResourceDefinitions().map(definition => {
      const { kind, metadata, ...rest } = definition
      const yaml = stringify({ apiVersion: rest.apiVersion, kind }, { lineWidth: 0 })
      const spec = stringify({ spec: rest.spec }, { lineWidth: 0, aliasDuplicateObjects: false })
      if (spec.includes('{{')) throw new Error(`${metadata.name} holds what Helm takes for a template`)
      const template = `# Generated from the schemas in api/ by \`npm run generate\`.
{{- if .Values.crds.enabled }}
${yaml}metadata:
  name: ${metadata.name}
  {{- if .Values.crds.keep }}
  annotations:
    # Uninstalling the chart leaves the definitions, and with them the testnets.
    helm.sh/resource-policy: keep
  {{- end }}
${spec}{{- end }}
`
      return [`charts/trellis/templates/crds/${definition.spec.names.plural}.yaml`, template]
    }),
  )
}
