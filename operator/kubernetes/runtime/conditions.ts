// metav1 conditions. Pure: the time is an argument.

export type ConditionStatus = 'True' | 'False' | 'Unknown'

export interface Condition {
  readonly type: string
  readonly status: ConditionStatus
  /** CamelCase, for machines. */
  readonly reason: string
  /** For people. */
  readonly message: string
  readonly observedGeneration: number
  /** RFC 3339; when `status` last changed. */
  readonly lastTransitionTime: string
}

/** The API's own bounds of metav1.Condition. */
export const MAX_REASON = 1_024
export const MAX_MESSAGE = 32_768
const REASON = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/

export type NewCondition = Omit<Condition, 'lastTransitionTime'>

/** The conditions with one of them set. The time moves only when the status does; the others keep their places. */
export function setCondition(conditions: readonly Condition[], next: NewCondition, now: Date): Condition[] {
  if (!REASON.test(next.reason) || next.reason.length > MAX_REASON)
    throw new Error(`condition ${next.type}: ${JSON.stringify(next.reason)} is no reason`)
  const before = conditions.find(({ type }) => type === next.type)
  const condition: Condition = {
    type: next.type,
    status: next.status,
    reason: next.reason,
    message: next.message.slice(0, MAX_MESSAGE).toWellFormed(),
    observedGeneration: next.observedGeneration,
    lastTransitionTime:
      before?.status === next.status ? before.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`,
  }
  return before ? conditions.map(other => (other.type === next.type ? condition : other)) : [...conditions, condition]
}

export const findCondition = (conditions: readonly Condition[], type: string): Condition | undefined =>
  conditions.find(condition => condition.type === type)

/** True only when the condition says so of the generation that is asked about. */
export function isTrue(conditions: readonly Condition[], type: string, generation: number): boolean {
  const condition = findCondition(conditions, type)
  return condition?.status === 'True' && condition.observedGeneration >= generation
}
