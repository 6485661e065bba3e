// What a start waits for, in one line. Pure.
import type { NodeState, TestnetRecord } from '../../operator/local/record.ts'
import { listed } from '../../operator/testnet/convergence.ts'

const doing: Partial<Record<NodeState, string>> = {
  stopped: 'not started yet',
  starting: 'starting',
  paused: 'paused',
  killed: 'killed',
}

/** `5/8 nodes ready, waiting for miner-3: ended by SIGKILL, starts again` */
export function startLine(record: TestnetRecord): string {
  const ready = record.nodes.filter(node => node.state === 'ready').length
  const waiting = record.nodes.filter(node => node.state !== 'ready')
  const line = `${ready}/${record.nodes.length} nodes ready`
  if (waiting.length === 0) return line
  const troubled = waiting.find(node => node.reason !== undefined)
  if (troubled)
    return `${line}, waiting for ${troubled.name}: ${troubled.reason}${troubled.state === 'waiting' ? ', starts again' : ''}`
  const [first] = waiting
  const state = first ? (doing[first.state] ?? first.state) : ''
  return `${line}, waiting for ${listed(waiting.map(node => node.name))}: ${state}`
}
