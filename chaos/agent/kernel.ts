// Runs the kernel's tools: nft, tc and ip, never through a shell, with bounded output and a deadline.
import { spawn } from 'node:child_process'
import { COMMAND_TIMEOUT_MS, MAX_OUTPUT_BYTES } from './limits.ts'

export type Tool = 'nft' | 'tc' | 'ip'

/** A tool that is not there, did not end in time or refused. */
export class KernelRefused extends Error {
  readonly tool: Tool
  readonly missing: boolean
  constructor(tool: Tool, args: readonly string[], reason: string, missing = false) {
    super(`${[tool, ...args].join(' ')}: ${reason}`)
    this.name = 'KernelRefused'
    this.tool = tool
    this.missing = missing
  }
}

/** Of an error message, so much is passed on. */
const MAX_REASON_LENGTH = 500

/** What the tool printed. @throws KernelRefused with the first lines of its complaint */
export async function run(tool: Tool, args: readonly string[], input = ''): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const refuse = (reason: string, missing?: boolean): void => reject(new KernelRefused(tool, args, reason, missing))
  const child = spawn(tool, args, {
    timeout: COMMAND_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C' },
  })
  const out = collect(child.stdout, () => child.kill('SIGKILL'))
  const complaint = collect(child.stderr, () => child.kill('SIGKILL'))
  child.on('error', error => {
    const missing = 'code' in error && error.code === 'ENOENT'
    refuse(missing ? 'not installed' : error.message, missing)
  })
  child.on('close', (code, signal) => {
    if (out.overflowed()) refuse(`printed more than ${MAX_OUTPUT_BYTES} bytes`)
    else if (signal) refuse(`not done within ${COMMAND_TIMEOUT_MS} ms`)
    else if (code !== 0) refuse(complaint.text().trim().slice(0, MAX_REASON_LENGTH) || `exit code ${code}`)
    else resolve(out.text())
  })
  // A tool that ends before it read everything says why on its other end.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return await promise
}

function collect(stream: NodeJS.ReadableStream, overflow: () => void) {
  const chunks: Buffer[] = []
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_OUTPUT_BYTES) overflow()
    else chunks.push(chunk)
  })
  return { text: () => Buffer.concat(chunks).toString(), overflowed: () => bytes > MAX_OUTPUT_BYTES }
}
