// What goes wrong with a testnet.
import {
  type AlertGroup,
  byTestnet,
  histogram,
  ofTestnet,
  series,
  theNode,
  theTestnet,
  unlessAnnounced,
  unlessAnnouncedWithin,
} from './alert.ts'

/**
 * Block intervals without a block. Waits are exponential: one in e^15, about three million, is longer than this by
 * chance; at a block a second, one a month.
 */
const STALLED_INTERVALS = 15
/** Checkpoints from the head to the last finalized one: twice what a testnet may have and still be Finalizing. */
const STALLED_CHECKPOINTS = 6
/** Blocks; without a cut, blocks that are produced at the same time are given up one or two at a time. */
export const DEEP_REORG_BLOCKS = 5
/** Share of the block interval. The estimate contains the delivery of a block: below so many seconds it tells nothing. */
const DRIFT_SHARE = 0.5
const DRIFT_FLOOR_SECONDS = 0.5

const interval = series('trellis_node_block_interval_seconds')
const ofNode = `${ofTestnet}, node`
const reorgs = 'trellis_node_reorg_depth'

export const testnetAlerts: AlertGroup = {
  name: 'trellis-testnet',
  alerts: [
    {
      name: 'NodeDown',
      severity: 'warning',
      expression: `${series('trellis_testnet_node_head_group')} == 0\n${unlessAnnounced}`,
      for: '1m',
      summary: `${theNode} does not answer`,
      description: `${theNode} has not answered for a minute, and no experiment is announced that would explain it.`,
    },
    {
      name: 'TestnetPartitioned',
      severity: 'critical',
      expression: `${series('trellis_testnet_head_groups')} > 1\n${unlessAnnounced}`,
      for: '15s',
      summary: `${theTestnet} follows {{ $value }} chains`,
      description: `The nodes of testnet {{ $labels.namespace }}/{{ $labels.testnet }} follow {{ $value }} different chains, and no experiment is announced, or one is past its deadline.`,
    },
    {
      name: 'HeadStalled',
      severity: 'critical',
      expression: `${byTestnet('min', series('trellis_node_head_age_seconds'))}\n  > ${STALLED_INTERVALS} * ${byTestnet('max', interval)}\n${unlessAnnounced}`,
      for: '15s',
      summary: `${theTestnet} has no new block`,
      description: `The newest block of testnet {{ $labels.namespace }}/{{ $labels.testnet }} is {{ $value | humanizeDuration }} old, more than ${STALLED_INTERVALS} times its block interval.`,
    },
    {
      name: 'FinalityStalled',
      severity: 'critical',
      expression: `${byTestnet('max', series('trellis_node_head_height'))} - ${byTestnet('max', series('trellis_node_finalized_height'))}\n  > ${STALLED_CHECKPOINTS} * ${byTestnet('max', series('trellis_node_checkpoint_interval'))}\n${unlessAnnounced}`,
      for: '15s',
      summary: `${theTestnet} does not finalize`,
      description: `The head of testnet {{ $labels.namespace }}/{{ $labels.testnet }} is {{ $value }} blocks above the last finalized one, more than ${STALLED_CHECKPOINTS} checkpoints.`,
    },
    {
      name: 'DeepReorg',
      severity: 'warning',
      // Half of one: the two increases are extrapolated alike, but are floating-point numbers.
      expression: `${byTestnet('sum', `increase(${histogram(reorgs, 'count')}[10m]) - ignoring (le) increase(${histogram(reorgs, { bound: DEEP_REORG_BLOCKS })}[10m])`)} > 0.5\n${unlessAnnouncedWithin('10m')}`,
      summary: `${theTestnet} gave up more than ${DEEP_REORG_BLOCKS} blocks at once`,
      description: `{{ $value | printf "%.0f" }} reorgs deeper than ${DEEP_REORG_BLOCKS} blocks in testnet {{ $labels.namespace }}/{{ $labels.testnet }} within 10 minutes, and no experiment was on it.`,
    },
    {
      name: 'MeshBelowLow',
      severity: 'warning',
      // A node without enough connections has no mesh to make: that shows elsewhere.
      expression: `count by (${ofTestnet}, topic) (\n  ${series('trellis_node_mesh_peers')} < on (${ofNode}) group_left () ${series('trellis_node_mesh_low')}\n  and on (${ofNode}) sum by (${ofNode}) (${series('trellis_node_peers')}) >= on (${ofNode}) ${series('trellis_node_mesh_low')}\n)\n${unlessAnnounced}`,
      for: '2m',
      summary: `${theTestnet} has a thin mesh for {{ $labels.topic }}`,
      description: `{{ $value }} nodes of testnet {{ $labels.namespace }}/{{ $labels.testnet }} have fewer mesh peers for {{ $labels.topic }} than the mesh's low watermark, although they have the connections.`,
    },
    {
      name: 'ClockDrift',
      severity: 'warning',
      expression: `abs(${series('trellis_node_clock_offset_seconds')})\n  > on (${ofNode}) group_left () clamp_min(${DRIFT_SHARE} * ${interval}, ${DRIFT_FLOOR_SECONDS})\n${unlessAnnounced}`,
      for: '1m',
      summary: `${theNode} has a wrong clock`,
      description: `The clock of ${theNode[0]!.toLowerCase()}${theNode.slice(1)} is {{ $value | humanizeDuration }} away from those of its peers, more than half of the block interval.`,
    },
  ],
}
