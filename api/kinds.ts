// The kinds a file may hold.
import { testnetKind } from './check/testnet.ts'
import { type ChaosExperiment, experimentKind } from './experiment.ts'
import { type Kind, type Parsed, parseDocuments } from './parse.ts'
import type { Testnet } from './testnet.ts'

export type Resource = Testnet | ChaosExperiment

export const kinds: readonly Kind<Resource>[] = [testnetKind as Kind<Resource>, experimentKind as Kind<Resource>]

/**
 * The documents of a file; `value.kind` tells them apart. `file` is used in messages only.
 * @throws InputError with everything that is wrong with any of them.
 */
export const parseResources = (text: string, file: string): Parsed<Resource>[] => parseDocuments(text, file, kinds)
