// The one document a command works on, out of the file it was given.
import { InputError } from '../api/errors.ts'
import type { ChaosExperiment } from '../api/experiment.ts'
import { parseResources, type Resource } from '../api/kinds.ts'
import type { Parsed } from '../api/parse.ts'
import { type Testnet, testnetSchema } from '../api/testnet.ts'
import { UsageError } from './exit-codes.ts'
import { readInput } from './input-file.ts'

/** A Testnet, and the same as it is written: without defaults, so that a cluster is told only what somebody wrote. */
export interface TestnetFile {
  readonly testnet: Testnet
  readonly written: Pick<Testnet, 'metadata'> & { readonly spec: unknown }
}

/** The file's Testnet, under another name when one is given. Throws InputError or UsageError. */
export const readTestnet = (file: string, name: string | undefined): Testnet => readTestnetFile(file, name).testnet

/** Throws InputError or UsageError. */
export function readTestnetFile(file: string, name: string | undefined): TestnetFile {
  const { value: testnet, plain } = readKind<Testnet>(file, 'Testnet', 'trellis chaos run')
  const { metadata, spec } = plain as TestnetFile['written']
  if (name === undefined) return { testnet, written: { metadata, spec } }
  if (!testnetSchema.shape.metadata.shape.name.safeParse(name).success) {
    throw new UsageError(
      `--name ${JSON.stringify(name)} is no name for a testnet`,
      'use at most 30 lowercase letters, digits and dashes',
    )
  }
  return {
    testnet: { ...testnet, metadata: { ...testnet.metadata, name } },
    written: { metadata: { ...metadata, name }, spec },
  }
}

/** The file's ChaosExperiment; `problem` gives one found later its place. Throws InputError or UsageError. */
export function readExperiment(file: string): Parsed<ChaosExperiment> {
  return readKind<ChaosExperiment>(file, 'ChaosExperiment', 'trellis up')
}

/** A ChaosExperiment, and the same as it is written: without defaults. */
export interface ExperimentFile {
  readonly parsed: Parsed<ChaosExperiment>
  readonly written: Pick<ChaosExperiment, 'metadata'> & { readonly spec: unknown }
}

/** Throws InputError or UsageError. */
export function readExperimentFile(file: string): ExperimentFile {
  const parsed = readExperiment(file)
  const { metadata, spec } = parsed.plain as ExperimentFile['written']
  return { parsed, written: { metadata, spec } }
}

function readKind<T extends Resource>(file: string, kind: T['kind'], otherCommand: string): Parsed<T> {
  const all = parseResources(readInput(file), file)
  const [only, second] = all.filter((document): document is Parsed<T> => document.kind === kind)
  if (only === undefined) {
    throw new UsageError(
      `${file} holds no ${kind}, only ${all.map(document => document.kind).join(', ')}`,
      `name a file with a ${kind}, or use \`${otherCommand}\` for this one`,
    )
  }
  if (second !== undefined) {
    const mend = 'give each a file of its own'
    throw new InputError([second.problem({ path: ['kind'], message: `is the second ${kind} of this file`, mend })])
  }
  return only
}
