import { expect, test } from 'vitest'
import { parseClasses, parseDevices, parseQdiscs, presentOf } from './tc-present.ts'

// Printed by iproute2 6.1.
const json = `[{"kind":"htb","handle":"7e11:","root":true,"refcnt":3,"options":{"r2q":10},"bytes":90,"packets":1,"drops":0,"overlimits":0,"requeues":0,"backlog":0,"qlen":0},
{"kind":"tbf","handle":"a:","parent":"7e11:a","options":{"rate":1000000},"bytes":1500,"packets":3,"drops":2,"overlimits":0,"requeues":0,"backlog":0,"qlen":1},
{"kind":"blackhole","handle":"fffe:","parent":"7e11:fffe","options":{},"bytes":0,"packets":0,"drops":7,"qlen":0}]`
const classes = `class htb 7e11:a root leaf a: prio 0 rate 100Gbit ceil 100Gbit burst 0b cburst 0b 
class htb 7e11:fffe root leaf fffe: prio 0 rate 100Gbit ceil 100Gbit burst 0b cburst 0b 
class tbf a:1 parent a: 
`

test('ours', () => {
  const qdiscs = parseQdiscs(json)
  expect(qdiscs[1]).toEqual({
    kind: 'tbf',
    handle: 10,
    parent: '7e11:a',
    packets: 3,
    bytes: 1_500,
    drops: 2,
    queued: 1,
  })
  expect(presentOf(qdiscs, parseClasses(classes))).toEqual({
    kind: 'present',
    present: { root: true, classes: new Set([0xa, 0xfffe]), handles: new Set([0xa, 0xfffe]) },
  })
})

test.each([
  ['nothing', '[]', 'present'],
  ['no output', '', 'present'],
  ['what the kernel chose', '[{"kind":"noqueue","handle":"0:","root":true}]', 'present'],
  [
    'several queues',
    '[{"kind":"mq","handle":"0:","root":true},{"kind":"fq_codel","handle":"0:","parent":":1"}]',
    'present',
  ],
  ['somebody’s limit', '[{"kind":"tbf","handle":"1:","root":true}]', 'foreign'],
  ['somebody’s classes', '[{"kind":"htb","handle":"1:","root":true}]', 'foreign'],
])('a device with %s', (_name, text, kind) => {
  expect(presentOf(parseQdiscs(text), new Set()).kind).toBe(kind)
})

test.each([
  [
    'a pod',
    '[{"ifname":"lo","flags":["LOOPBACK","UP"],"mtu":65536},{"ifname":"eth0","flags":["UP"],"mtu":1450}]',
    [{ name: 'eth0', mtu: 1_450 }],
  ],
  ['nothing that is up', '[{},{}]', []],
  ['nothing', '', []],
])('devices of %s', (_name, json, expected) => {
  expect(parseDevices(json)).toEqual(expected)
})
