// What injectors of faults are known to get wrong (the issues of their projects are named), and the test here that would
// see it. A test that is renamed or taken out fails this one.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

test.each<[failure: string, where: string, file: string, seenBy: string]>([
  [
    'a restarted container keeps its rules',
    'chaos-mesh#4827',
    'test/agent/lease.kernel.test.ts',
    'a node that is killed and comes back is under the same rules, until their lease ends and no longer',
  ],
  [
    'rules outlive whoever made them',
    'litmus#2359',
    'test/agent/lease.kernel.test.ts',
    'when the agent is killed the kernel ends the fault, at the lease and not before',
  ],
  [
    'what was left by an injector that died is never removed',
    'litmus#2359',
    'test/agent/lease.kernel.test.ts',
    'an agent that comes back after the lease removes what is left',
  ],
  [
    'a recreated pod counts as recovered, and is whole in the middle of the fault',
    'chaos-mesh',
    'test/runner/covering-links.test.ts',
    'a pod that comes back elsewhere is named anew by others, and gets its own row, once it listens',
  ],
  [
    'the same in a cluster',
    'chaos-mesh',
    'test/cluster/cases/chaos-partition.test.ts',
    'covers a pod that comes back, and is gone at once when it is aborted',
  ],
  [
    'targets stay those of the first moment: new pods are not covered',
    'chaos-mesh',
    'test/agent/partition.kernel.test.ts',
    'a new pod is covered while what was counted stays',
  ],
  [
    'a delay below a millisecond is taken for none',
    'chaos-mesh',
    'chaos/agent/tc-commands.test.ts',
    'a delay below a millisecond',
  ],
  [
    'the same, measured: pairs of 0.4 and 0.8 ms',
    'chaos-mesh',
    'test/agent/vm/netem.kernel.test.ts',
    'the round trip of each pair is the sum of its delays, within 2 % or 0.2 ms',
  ],
  [
    'a dead daemon keeps an experiment from ending',
    'chaos-mesh#4311, #3929',
    'test/agent/campaign.kernel.test.ts',
    'whatever is killed at any moment, the network is whole after the lease',
  ],
  [
    'an experiment cannot be deleted',
    'chaos-mesh#4311, #3929',
    'test/operator/chaos.api.test.ts',
    'goes with everything of it when it is deleted, and the next one of its name begins anew',
  ],
  [
    'a fault’s time runs from its creation, so that a slow injection shortens it',
    'chaos-mesh',
    'test/runner/run.test.ts',
    'a fault lasts from when its last target has it, not from when it was asked for',
  ],
  [
    'a scheduler that is missing or half made breaks the next command',
    'chaos-mesh#1389, #3604, #2686',
    'chaos/agent/tc-commands.test.ts',
    'a batch that broke off is completed',
  ],
  [
    'IPv6 is not cut',
    'chaos-mesh#3425',
    'test/agent/partition.kernel.test.ts',
    'a partition cuts both directions, IPv4 and IPv6, and nobody else',
  ],
  [
    'connections that were open before go on',
    'network policies',
    'test/agent/partition.kernel.test.ts',
    'an established connection is cut, and goes on after the lease',
  ],
  ['a fault that did nothing passes', 'all of them', 'chaos/verdict/judge.test.ts', 'a link too wide to slow'],
])('%s (%s)', (_failure, _where, file, seenBy) => {
  expect(readFileSync(join(root, file), 'utf8')).toContain(seenBy)
})
