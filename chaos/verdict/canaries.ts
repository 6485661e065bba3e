// Finding 7: the fate of transactions that were given to every side while it was cut.
import type { Finding } from '../../api/verdict.ts'
import type { Observations } from './observations.ts'
import { finding, plural, shortHash } from './wording.ts'

const { measured, unmeasured, unknown } = finding('canaries', 'Transactions kept')

export function canaries({ record }: Observations): Finding {
  const { lostTransactions } = record.experiment.heal
  const allowed = lostTransactions ?? 0
  const limit = `at most ${allowed} lost, none twice`
  const fail = lostTransactions === undefined ? unknown : unmeasured
  if (record.canaryAccounts === 0) return fail('the testnet has no accounts for canary transactions', { limit })
  const sent = record.canaries.filter(({ fate }) => fate !== 'refused')
  const refused = record.canaries.length - sent.length
  if (sent.length === 0)
    return unmeasured(
      refused > 0 ? `all ${plural(refused, 'canary transaction')} refused` : 'no canary transaction was sent',
      { limit, evidence: record.canaries.flatMap(({ node, refused }) => (refused ? [`${node}: ${refused}`] : [])) },
    )
  const count = (fate: string): number => sent.filter(canary => canary.fate === fate).length
  const [included, pool, lost, doubled, unclear] = ['included', 'pool', 'lost', 'doubled', 'unknown'].map(count) as [
    number,
    number,
    number,
    number,
    number,
  ]
  // Included on a branch that lost, and then included again or waiting: it went through the pool.
  const moved = sent.filter(({ duringFault, fate }) => duringFault === 'included' && fate === 'pool').length
  const figures = { sent: sent.length, included, inPool: pool, lost, doubled, unclear, refused }
  const evidence = sent
    .filter(({ fate }) => fate !== 'included')
    .map(
      ({ id, node, side, fate, blocks }) =>
        `${shortHash(id ?? '?')} given to ${node} (side ${side + 1}): ${fate}${blocks.length > 0 ? ` at ${blocks.map(({ height }) => height).join(', ')}` : ''}`,
    )
  const value = `${included} of ${sent.length} included, ${pool} in the pool${moved > 0 ? ` (${moved} returned from a lost branch)` : ''}, ${lost} lost, ${doubled} doubled`
  const fields = { limit, figures, evidence }
  if (lost > allowed || doubled > 0) return measured(false, { value, ...fields })
  if (lost + unclear > allowed) return unmeasured(`${value}, ${unclear} unclear`, fields)
  return measured(true, { value, ...fields })
}
