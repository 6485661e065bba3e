// Each alert about a testnet: when it fires, when it does not, and that it clears.
import { type AlertCase, ofExperiment, ofNet, ofNode, testnet } from './alert-case.ts'

const end = ofExperiment('trellis_experiment_end_timestamp_seconds')
const groups = ofNet('trellis_testnet_head_groups')
const answered = ofNode('trellis_testnet_node_head_group')
const partitioned = {
  labels: testnet,
  summary: 'Testnet team/net follows 2 chains',
  description:
    'The nodes of testnet team/net follow 2 different chains, and no experiment is announced, or one is past its deadline.',
}
const headAge = ofNode('trellis_node_head_age_seconds')
const interval = ofNode('trellis_node_block_interval_seconds')
const [height, finalized] = [ofNode('trellis_node_head_height'), ofNode('trellis_node_finalized_height')]
const checkpoints = ofNode('trellis_node_checkpoint_interval')
const [reorgs, shallow] = [
  ofNode('trellis_node_reorg_depth_count'),
  ofNode('trellis_node_reorg_depth_bucket', 'miner-3', ',le="5"'),
]
const mesh = ofNode('trellis_node_mesh_peers', 'miner-3', ',topic="block"')
const [low, peers] = [ofNode('trellis_node_mesh_low'), ofNode('trellis_node_peers', 'miner-3', ',direction="in"')]
const offset = ofNode('trellis_node_clock_offset_seconds')
const ofMiner = { ...testnet, group: 'miner', node: 'miner-3', instance: 'miner-3:80', job: 'nodes' }

export const testnetCases: readonly AlertCase[] = [
  {
    alert: 'NodeDown',
    what: 'a node is away for three minutes',
    series: { [answered]: '1x4 0x12 1x8' },
    silent: ['1m', '2m', '5m'],
    fires: {
      at: '2m30s',
      alerts: [
        {
          labels: ofMiner,
          summary: 'Node miner-3 of testnet team/net does not answer',
          description:
            'Node miner-3 of testnet team/net has not answered for a minute, and no experiment is announced that would explain it.',
        },
      ],
    },
  },
  {
    alert: 'NodeDown',
    what: 'a node is away as an experiment has it',
    series: { [answered]: '1x4 0x12 1x8', [end]: '600x25' },
    silent: ['1m', '2m30s', '4m', '5m'],
  },
  {
    alert: 'TestnetPartitioned',
    what: 'two chains, and no experiment',
    series: { [groups]: '1x4 2x8 1x8' },
    silent: ['1m', '1m15s', '4m'],
    fires: { at: '2m', alerts: [partitioned] },
  },
  {
    alert: 'TestnetPartitioned',
    what: 'two blocks at one height, which the next one decides',
    series: { [groups]: '1x4 2 1x8' },
    silent: ['1m15s', '1m30s', '2m'],
  },
  {
    alert: 'TestnetPartitioned',
    what: 'an experiment that ends in time',
    series: { [groups]: '1x4 2x8 1x12', [end]: '_x3 300x9 stale' },
    silent: ['1m30s', '2m', '3m', '4m', '5m'],
  },
  {
    alert: 'TestnetPartitioned',
    what: 'an experiment that outlasts its deadline',
    series: { [groups]: '1x4 2x19 1x8', [end]: '240x23 stale' },
    silent: ['3m', '4m', '7m'],
    fires: { at: '5m', alerts: [partitioned] },
  },
  {
    alert: 'TestnetPartitioned',
    what: 'an experiment on another testnet',
    series: { [groups]: '1x4 2x8 1x8', [end.replace('testnet="net"', 'testnet="other"')]: '600x25' },
    silent: ['1m', '4m'],
    fires: { at: '2m', alerts: [partitioned] },
  },
  {
    alert: 'HeadStalled',
    what: 'no block for more than fifteen intervals',
    series: { [headAge]: '2x4 0+15x12 1x8', [interval]: '2x26' },
    silent: ['1m', '1m45s', '5m'],
    fires: {
      at: '3m',
      alerts: [
        {
          labels: testnet,
          summary: 'Testnet team/net has no new block',
          description: 'The newest block of testnet team/net is 1m 45s old, more than 15 times its block interval.',
        },
      ],
    },
  },
  {
    alert: 'HeadStalled',
    what: 'the same age where blocks are slow, and one node that is cut off where they are not',
    series: {
      [headAge]: '2x4 0+15x12 1x8',
      [interval]: '60x26',
      [headAge.replaceAll('net="net"', 'net="fast"')]: '2x4 0+15x12 1x8',
      [ofNode('trellis_node_head_age_seconds', 'miner-4').replaceAll('net="net"', 'net="fast"')]: '1x26',
      [interval.replaceAll('net="net"', 'net="fast"')]: '2x26',
    },
    silent: ['1m', '3m', '4m', '5m'],
  },
  {
    alert: 'FinalityStalled',
    what: 'the head goes on, the finalized height does not',
    series: { [height]: '20+4x30', [finalized]: '8+4x4 24x15 92+4x10', [checkpoints]: '8x31' },
    silent: ['1m', '3m', '6m'],
    fires: {
      at: '4m15s',
      alerts: [
        {
          labels: testnet,
          summary: 'Testnet team/net does not finalize',
          description:
            'The head of testnet team/net is 64 blocks above the last finalized one, more than 6 checkpoints.',
        },
      ],
    },
  },
  {
    alert: 'FinalityStalled',
    what: 'while an experiment takes the quorum away',
    series: { [height]: '20+4x30', [finalized]: '8+4x4 24x15 92+4x10', [checkpoints]: '8x31', [end]: '600x31' },
    silent: ['1m', '4m15s', '6m'],
  },
  {
    alert: 'DeepReorg',
    what: 'one reorg of more than five blocks',
    series: { [reorgs]: '3x20 4x60', [shallow]: '3x80' },
    silent: ['4m', '16m'],
    fires: {
      at: '6m',
      alerts: [
        {
          labels: testnet,
          summary: 'Testnet team/net gave up more than 5 blocks at once',
          description:
            '1 reorgs deeper than 5 blocks in testnet team/net within 10 minutes, and no experiment was on it.',
        },
      ],
    },
  },
  {
    alert: 'DeepReorg',
    what: 'many shallow ones, as Prometheus 3 writes the bound',
    series: { [reorgs]: '3+2x80', [shallow.replace('le="5"', 'le="5.0"')]: '3+2x80' },
    silent: ['4m', '6m', '16m'],
  },
  {
    alert: 'DeepReorg',
    what: 'the heal of a partition that an experiment made, which is over by then',
    series: { [reorgs]: '3x20 4x60', [shallow]: '3x80', [end]: '400x18 stale' },
    silent: ['5m15s', '6m', '9m', '16m'],
  },
  {
    alert: 'MeshBelowLow',
    what: 'too few in the mesh, and connections enough',
    series: { [mesh]: '6x4 3x12 6x8', [low]: '4x26', [peers]: '7x26' },
    silent: ['1m', '2m30s', '5m'],
    fires: {
      at: '3m45s',
      alerts: [
        {
          labels: { ...testnet, topic: 'block' },
          summary: 'Testnet team/net has a thin mesh for block',
          description:
            "1 nodes of testnet team/net have fewer mesh peers for block than the mesh's low watermark, although they have the connections.",
        },
      ],
    },
  },
  {
    alert: 'MeshBelowLow',
    what: 'a testnet too small for the mesh',
    series: { [mesh]: '3x26', [low]: '4x26', [peers]: '3x26' },
    silent: ['1m', '4m', '6m'],
  },
  {
    alert: 'ClockDrift',
    what: 'three seconds behind, with a block every two',
    series: { [offset]: '0.1x4 -3x8 0.1x8', [interval]: '2x26' },
    silent: ['1m', '2m', '4m'],
    fires: {
      at: '2m30s',
      alerts: [
        {
          labels: ofMiner,
          summary: 'Node miner-3 of testnet team/net has a wrong clock',
          description:
            'The clock of node miner-3 of testnet team/net is 3s away from those of its peers, more than half of the block interval.',
        },
      ],
    },
  },
  {
    alert: 'ClockDrift',
    what: 'as much as the delivery of a block takes, where blocks are fast; and the same as above where they are slow',
    series: {
      [offset]: '0.4x26',
      [interval]: '0.2x26',
      [offset.replaceAll('net="net"', 'net="slow"')]: '-3x26',
      [interval.replaceAll('net="net"', 'net="slow"')]: '12x26',
    },
    silent: ['1m', '3m', '6m'],
  },
]
