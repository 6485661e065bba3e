// The chart's own test, as people run it after they installed.
import { beforeAll, describe, expect, test } from 'vitest'
import { helmTest, installed } from '../chart.ts'
import { notInstallable } from '../under-test.ts'

describe.skipIf(notInstallable)('the chart', () => {
  beforeAll(() => installed())

  test('passes helm test', async () => {
    expect(await helmTest()).toMatch(/Phase:\s+Succeeded/)
  })
})
