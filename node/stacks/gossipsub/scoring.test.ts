import { expect, test } from 'vitest'
import { scoreParams, scoreThresholds } from './scoring.ts'

const params = (blockIntervalMs: number, degree: number) =>
  scoreParams({
    degree,
    blockIntervalMs,
    perHost: 8,
    validators: 16,
    checkpointInterval: 8,
    topicName: topic => topic,
    appScore: () => 0,
  })

test.each([
  [200, 8],
  [1_000, 3],
  [1_000, 8],
  [12_000, 8],
  [600_000, 12],
])('calibration holds at blocks every %i ms and degree %i', (interval, degree) => {
  const { topics } = params(interval, degree)
  for (const topic of Object.values(topics)) {
    const inMesh = topic.timeInMeshWeight * topic.timeInMeshCap
    const deliveries = topic.firstMessageDeliveriesWeight * topic.firstMessageDeliveriesCap
    expect(inMesh + deliveries, 'a good peer earns ten').toBeCloseTo(10)
    const silence = topic.meshMessageDeliveriesWeight * topic.meshMessageDeliveriesThreshold ** 2
    expect(inMesh + silence, 'a silent mesh peer is never negative').toBeGreaterThan(0)
    const inMeshBy = topic.meshMessageDeliveriesActivation / topic.timeInMeshQuantum
    expect(inMeshBy, 'the deficit counts only when time in the mesh has been credited').toBeGreaterThanOrEqual(
      topic.timeInMeshCap,
    )
    for (const decay of [
      topic.firstMessageDeliveriesDecay,
      topic.meshMessageDeliveriesDecay,
      topic.invalidMessageDeliveriesDecay,
    ]) {
      expect(decay).toBeGreaterThan(0)
      expect(decay).toBeLessThan(1)
    }
  }
  const cost = (topic: 'block' | 'transaction', count: number) =>
    topics[topic]!.topicWeight * topics[topic]!.invalidMessageDeliveriesWeight * count ** 2
  expect(cost('block', 1)).toBeCloseTo(scoreThresholds.gossipThreshold)
  expect(cost('block', 2)).toBeCloseTo(scoreThresholds.graylistThreshold)
  expect(cost('transaction', 5)).toBeGreaterThan(scoreThresholds.gossipThreshold)
  expect(cost('transaction', 20)).toBeCloseTo(scoreThresholds.graylistThreshold)
})
