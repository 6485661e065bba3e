import { expect, test } from 'vitest'
import { parseAddress } from './address.ts'

test.each([
  ['10.1.2.3', { family: 4, text: '10.1.2.3' }],
  ['FD00:0:0::1', { family: 6, text: 'fd00::1' }],
  ['::ffff:10.1.2.3', { family: 4, text: '10.1.2.3' }],
  ['::ffff:a01:203', { family: 4, text: '10.1.2.3' }],
  ['::ffff:127.0.0.1', undefined],
  ['127.0.0.1', undefined],
  ['127.9.9.9', undefined],
  ['0.0.0.0', undefined],
  ['224.0.0.1', undefined],
  ['255.255.255.255', undefined],
  ['::', undefined],
  ['::1', undefined],
  ['ff02::1', undefined],
  ['fe80::1%eth0', undefined],
  ['10.1.2', undefined],
  ['010.1.2.3', undefined],
  ['10.0.0.0/8', undefined],
  ['node-1.testnet', undefined],
  ['10.1.2.3 timeout 9d', undefined],
  ['', undefined],
])('%s', (text, expected) => {
  expect(parseAddress(text)).toEqual(expected)
})
