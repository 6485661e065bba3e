// A testnet in one line of a log.
import { listed } from '../../../operator/testnet/convergence.ts'
import type { TestnetPicture } from '../model/picture.ts'
import type { Side } from '../model/sides.ts'
import { left } from './partition.ts'

/** `key` changes with what a person wants to know at once, and not with every block. */
export function stateLine(
  { report, experiments, at = 0 }: Pick<TestnetPicture, 'report' | 'experiments'> & { readonly at?: number },
  sides: readonly Side[],
): { readonly key: string; readonly text: string } {
  const { name, state, ready, nodes, height, finalized, headCount, conditions } = report
  const wrong = conditions.filter(({ holds }) => !holds)
  const running = experiments.find(({ over }) => !over)
  const faults = running?.faults.filter(fault => fault.state === 'active') ?? []
  const parts = [
    `${name} ${state}, ${ready}/${nodes} ready`,
    ...(height === null ? [] : [`height ${height.max}, final ${finalized}`]),
    ...(sides.length > 1
      ? sides.map(side => `${side.letter}: ${side.count} at ${side.height} (${listed(side.members)})`)
      : headCount > 1
        ? [`${headCount} heads`]
        : []),
    ...(running ? [`${running.name} ${running.phase}`] : []),
    ...faults.map(fault => `fault ${fault.name}${left(fault.until, at)}`),
    ...wrong.slice(0, 1).map(({ name, reason }) => `${name} does not hold: ${reason}`),
  ]
  const key = JSON.stringify([
    state,
    ready,
    headCount,
    wrong.map(({ code }) => code),
    running?.phase,
    faults.map(fault => fault.name),
  ])
  return { key, text: parts.join('; ') }
}
