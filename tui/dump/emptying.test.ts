import { expect, test } from 'vitest'
import { EMPTIED, Emptier, secretsIn } from './emptying.ts'

const key = 'a1'.repeat(32)
const account = 'b2'.repeat(32)
const token = 'c3'.repeat(32)
const config = {
  name: 'miner-0',
  genesis: { validators: [{ key: 'd4'.repeat(32) }], accounts: [{ address: 'e5'.repeat(32) }] },
  keys: { network: key },
  adminToken: token,
  load: { rate: 5, accounts: [account] },
}

test('finds keys, accounts that are spent from and tokens, and nothing that everybody knows', () => {
  expect(secretsIn(config).sort()).toEqual([key, account, token])
})

test('empties fields and keeps what they are called', () => {
  const { genesis } = config
  expect(new Emptier().value(config)).toEqual({
    name: 'miner-0',
    genesis,
    keys: { network: EMPTIED },
    adminToken: EMPTIED,
    load: { rate: 5, accounts: [EMPTIED] },
  })
})

const json = JSON.stringify({ keys: { network: key } })
const base64 = Buffer.from(json).toString('base64')
test.each<[string, unknown, unknown]>([
  ['a seed', { spec: { seed: '42', load: {} } }, { spec: { seed: EMPTIED, load: {} } }],
  ['a seed that is a number', { seed: 42 }, { seed: EMPTIED }],
  ['a Secret', { kind: 'Secret', data: { 'keys.json': base64 } }, { kind: 'Secret', data: { 'keys.json': EMPTIED } }],
  ['a variable', { env: [{ name: 'API_TOKEN', value: 'x' }] }, { env: [{ name: 'API_TOKEN', value: EMPTIED }] }],
  ['no other variable', { env: [{ name: 'LEVEL', value: 'x' }] }, { env: [{ name: 'LEVEL', value: 'x' }] }],
  ['what repeats the object', { metadata: { name: 'a', managedFields: [{}] } }, { metadata: { name: 'a' } }],
])('empties %s', (_what, value, expected) => expect(new Emptier().value(value)).toEqual(expected))

test('a Secret tells what is in its documents too', () => {
  expect(secretsIn({ kind: 'Secret', data: { 'keys.json': base64 } })).toEqual([key, json, base64])
})

const emptier = new Emptier()
emptier.learn([key, token, 'a phrase with "blanks" in it', 'short'])
test.each<[string, string]>([
  [`key=${key}`, `key=${EMPTIED}`],
  [`{"k":"0x${key}${token}!"}`, `{"k":"0x${EMPTIED}${EMPTIED}!"}`],
  [`hash ${'f'.repeat(64)}`, `hash ${'f'.repeat(64)}`],
  ['short words stay', 'short words stay'],
  ['says a phrase with \\"blanks\\" in it', `says ${EMPTIED}`],
  ['authorization: Bearer abcdefgh.ijkl', `authorization: Bearer ${EMPTIED}`],
  ['the bearer of news', 'the bearer of news'],
  ['-----BEGIN EC PRIVATE KEY-----\nxyz\n-----END EC PRIVATE KEY-----\nrest', `${EMPTIED}\nrest`],
  ['-----BEGIN PRIVATE KEY-----\ncut', EMPTIED],
])('text %j', (text, expected) => expect(emptier.text(text)).toBe(expected))
