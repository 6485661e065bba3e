// What is worth an event: that something changed, once. Pure.
import { type Condition, type TestnetCondition, testnetConditions } from '../../../api/conditions.ts'
import type { TestnetStatus } from '../../../api/status.ts'
import { listed } from '../../testnet/convergence.ts'
import type { Notice } from './world.ts'

/** Part of every start, and of every change: no warning. */
const ordinary: ReadonlySet<string> = new Set(['Starting', 'RollingOut', 'Suspended'])
/** Told when they begin to hold, and when they cease to. */
const told: readonly TestnetCondition[] = ['Provisioned', 'Converged', 'Finalizing']

/** From one status to the next. `latecomers`: nodes that the genesis does not know. */
export function transitions(
  before: TestnetStatus | undefined,
  after: TestnetStatus,
  latecomers: readonly string[],
): Notice[] {
  const changes = told.flatMap(type => notice(of(before, type), of(after, type)))
  const isNews = before?.observedGeneration !== after.observedGeneration && latecomers.length > 0
  return isNews ? [...changes, { type: 'Warning', reason: 'AfterGenesis', note: afterGenesis(latecomers) }] : changes
}

export const afterGenesis = (latecomers: readonly string[]): string =>
  `${listed(latecomers)} came after the genesis: miners have no weight and follow, load nodes have no funds`

const of = (status: TestnetStatus | undefined, type: TestnetCondition): Condition | undefined =>
  status?.conditions?.find(condition => condition.type === type)

function notice(before: Condition | undefined, after: Condition | undefined): Notice[] {
  if (!after || (before?.status === after.status && before.reason === after.reason)) return []
  const { type, status, reason, message } = after
  if (status === 'True') return before?.status === 'True' ? [] : [{ type: 'Normal', reason: type, note: message }]
  // Connection and convergence come by themselves while a network starts: only their loss is news.
  if (type !== testnetConditions[0]) return before?.status === 'True' && reason !== 'Suspended' ? [warning(after)] : []
  return [ordinary.has(reason) ? { type: 'Normal', reason, note: message } : warning(after)]
}

const warning = ({ reason, message }: Condition): Notice => ({ type: 'Warning', reason, note: message })
