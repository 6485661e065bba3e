// What a live network cannot change: its identities, its genesis, its protocol, the volumes of its nodes. One table for
// whoever judges a change: the API server gets it as rules (CEL with oldSelf), `checkChange` says it to everybody else.
import type { Fault, Path } from '../errors.ts'
import { builtInLoad, type Testnet, type TestnetGroup } from '../testnet.ts'
import { isGiven, type Rule } from './rules.ts'

interface Unchangeable {
  readonly at: 'spec' | 'spec.network' | 'spec.defaults' | 'spec.groups[]'
  readonly field: string
  /** `presence`: it may change, but not come or go. */
  readonly compare?: 'value' | 'presence'
  /** What it is where nothing is written. */
  readonly fallback?: number
  readonly message: string
  readonly mend: string
}

const newTestnet = 'make a new testnet'
const partOfGenesis = 'is part of the genesis and cannot change'
const volumes = 'because the volumes of a group cannot change'
// Not of miners: those of another group would have no weight.
const newGroup = `${newTestnet}, or replace a group that has no miners by one of another name`

const storageOf = (at: 'spec.defaults' | 'spec.groups[]'): readonly Unchangeable[] => [
  { at, field: 'storage', compare: 'presence', message: `cannot come or go, ${volumes}`, mend: newGroup },
  { at, field: 'storage.size', message: `cannot change, ${volumes}`, mend: newGroup },
  { at, field: 'storage.className', message: `cannot change, ${volumes}`, mend: newGroup },
]

const unchangeable: readonly Unchangeable[] = [
  { at: 'spec', field: 'seed', message: 'is the root of all identities and cannot change', mend: newTestnet },
  { at: 'spec', field: 'chain', message: partOfGenesis, mend: newTestnet },
  { at: 'spec', field: 'load.accounts', fallback: builtInLoad.accounts, message: partOfGenesis, mend: newTestnet },
  {
    at: 'spec.network',
    field: 'stack',
    message: 'is what all nodes of one network speak and cannot change',
    mend: newTestnet,
  },
  { at: 'spec.defaults', field: 'weight', message: partOfGenesis, mend: newTestnet },
  { at: 'spec.groups[]', field: 'role', message: 'cannot change', mend: 'add a group of the other role' },
  { at: 'spec.groups[]', field: 'weight', message: partOfGenesis, mend: newTestnet },
  ...storageOf('spec.defaults'),
  ...storageOf('spec.groups[]'),
]

/** Of overrides, because one with another index may come and go with the nodes. */
const overrideWeight = {
  message: `the weight of a node ${partOfGenesis}`,
  mend: newTestnet,
}

/** For people. */
export const unchangeableFields: readonly { readonly path: string; readonly message: string; readonly mend: string }[] =
  [
    ...unchangeable.map(({ at, field, message, mend }) => ({ path: `${at}.${field}`, message, mend })),
    { path: 'spec.groups[].overrides[].weight', ...overrideWeight },
  ]

/** For the API server. */
export const unchangeableRules: readonly Rule[] = [
  ...unchangeable.map(
    (entry): Rule => ({
      path: entry.at,
      rule: sameInBoth(entry),
      message: `${entry.message}: ${entry.mend}`,
      fieldPath: `.${entry.field}`,
    }),
  ),
  {
    path: 'spec.groups[]',
    rule: `${weightsOf('self')} == ${weightsOf('oldSelf')}`,
    message: `${overrideWeight.message}: ${overrideWeight.mend}`,
    fieldPath: '.overrides',
  },
]

function sameInBoth({ field, compare = 'value', fallback }: Unchangeable): string {
  const [is, was] = ['self', 'oldSelf'].map(object => ({ given: isGiven(object, field), value: `${object}.${field}` }))
  if (compare === 'presence') return `(${is!.given}) == (${was!.given})`
  if (fallback !== undefined) {
    const [now, old] = [is, was].map(side => `(${side!.given} ? ${side!.value} : ${fallback})`)
    return `${now} == ${old}`
  }
  // An optional value would do in fewer words, but the server cannot bound what comparing two of them costs.
  return `(${is!.given}) == (${was!.given}) && (!(${is!.given}) || !(${was!.given}) || ${is!.value} == ${was!.value})`
}

/** In CEL: index and weight of the overrides of nodes that were there and stay. */
function weightsOf(object: 'self' | 'oldSelf'): string {
  const stays = 'o.index < self.count && o.index < oldSelf.count && has(o.weight)'
  return `${object}.overrides.filter(o, ${stays}).map(o, [o.index, o.weight])`
}

/** What a Testnet cannot become; both have passed `checkTestnet`. Groups are the same when their names are. */
export function checkChange(before: Testnet, after: Testnet): Fault[] {
  const faults = unchangeable.flatMap(({ at, field, compare = 'value', fallback, message, mend }) =>
    pairs(before, after, at).flatMap(([old, now, path]): Fault[] => {
      const [was, is] = [old, now].map(object => valueAt(object, field) ?? fallback)
      const same = compare === 'presence' ? (was === undefined) === (is === undefined) : isDeepEqual(was, is)
      return same ? [] : [{ path: [...path, ...field.split('.')], message, mend }]
    }),
  )
  return [...faults, ...changedOverrides(before, after)]
}

type Fields = Readonly<Record<string, unknown>>

function pairs(before: Testnet, after: Testnet, at: Unchangeable['at']): (readonly [Fields, Fields, Path])[] {
  switch (at) {
    case 'spec':
      return [[before.spec, after.spec, ['spec']]]
    case 'spec.network':
      return [[before.spec.network, after.spec.network, ['spec', 'network']]]
    case 'spec.defaults':
      return [[before.spec.defaults, after.spec.defaults, ['spec', 'defaults']]]
    case 'spec.groups[]':
      return keptGroups(before, after).map(([old, now, path]) => [old, now, path] as const)
  }
}

function keptGroups(before: Testnet, after: Testnet): (readonly [TestnetGroup, TestnetGroup, Path])[] {
  return after.spec.groups.flatMap((now, index) => {
    const old = before.spec.groups.find(({ name }) => name === now.name)
    return old ? [[old, now, ['spec', 'groups', index]] as const] : []
  })
}

function changedOverrides(before: Testnet, after: Testnet): Fault[] {
  return keptGroups(before, after).flatMap(([old, now, path]) => {
    const weights = ({ overrides }: TestnetGroup) =>
      overrides.flatMap(({ index, weight }) =>
        index < old.count && index < now.count && weight !== undefined ? [[index, weight]] : [],
      )
    return isDeepEqual(weights(old), weights(now)) ? [] : [{ path: [...path, 'overrides'], ...overrideWeight }]
  })
}

const valueAt = (object: unknown, field: string): unknown =>
  field.split('.').reduce<unknown>((value, name) => (value as Fields | undefined)?.[name], object)

function isDeepEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const [keys, others] = [Object.keys(a), Object.keys(b)]
  return (
    keys.length === others.length &&
    keys.every(key => Object.hasOwn(b, key) && isDeepEqual((a as Fields)[key], (b as Fields)[key]))
  )
}
