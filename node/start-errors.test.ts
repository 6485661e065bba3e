import { expect, it } from 'vitest'
import { startProblem } from './start-errors.ts'

const list = (line: string): string =>
  `Some configured addresses failed to be listened on, \n\n  ${line}\n      at Server\n`

it.each([
  [
    'listen EADDRINUSE: address already in use 127.1.2.3:17402',
    'cannot listen on 127.1.2.3:17402: the address is in use',
  ],
  ['listen EADDRINUSE: address already in use ::1:17402', 'cannot listen on ::1:17402: the address is in use'],
  ['listen EADDRNOTAVAIL: address not available 192.0.2.1:1', 'cannot listen on 192.0.2.1:1: it is no address of this'],
  ['listen EACCES: permission denied 127.0.0.1:80', 'cannot listen on 127.0.0.1:80: this process may not use it'],
  [
    list('/ip4/127.1.2.3/tcp/17401/ws: Error: listen EADDRINUSE: address already in use 127.1.2.3:17401'),
    'cannot listen on 127.1.2.3:17401: the address is in use',
  ],
  ['connect EACCES 127.0.0.1:80', undefined],
  ['x is not a function', undefined],
])('%s', (message, expected) => {
  const problem = startProblem(new Error(message))
  expect(problem?.slice(0, expected?.length)).toBe(expected)
})
