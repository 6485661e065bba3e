// The chart as Helm renders it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { $ } from 'zx'
import { type FoundTool, type GoTool, goTool } from '../../tools/go-tool.ts'

export const chart = join(import.meta.dirname, '../../charts/trellis')
const valuesFolder = join(import.meta.dirname, 'values')

/** Sets of values that people install with. */
export const valueSets = readdirSync(valuesFolder).map(file => file.replace('.yaml', ''))
export const valuesFile = (set: string): string => join(valuesFolder, `${set}.yaml`)

export interface ChartObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  // biome-ignore lint/suspicious/noExplicitAny: objects of many kinds, which the tests look into
  readonly [field: string]: any
}

/** A program of the tests; those that need it are skipped, for a reason that is printed, where it is missing. */
export async function tool(name: GoTool): Promise<FoundTool> {
  const found = await goTool(name, line => console.error(line))
  if ('missing' in found) console.error(`tests of the chart are skipped: ${found.missing}`)
  return found
}

const release = ['trellis', chart, '--namespace', 'trellis-system']

/** @throws ProcessOutput when Helm refuses the values */
export async function render(helm: string, options: readonly string[]): Promise<string> {
  return (await $({ quiet: true })`${helm} template ${release} ${options}`).stdout
}

export const objectsOf = (yaml: string): ChartObject[] =>
  parseAllDocuments(yaml).flatMap(document =>
    document.errors[0] ? raise(document.errors[0]) : (document.toJS() ?? []),
  )

function raise(error: Error): never {
  throw error
}

export const readText = (...path: string[]): string => readFileSync(join(chart, ...path), 'utf8')
