// A headless Chromium, driven over its own debugging protocol (https://chromedevtools.github.io/devtools-protocol/): pages
// as people see them, without a dependency that brings a browser along.
import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const START_TIMEOUT_MS = 30_000
const CALL_TIMEOUT_MS = 20_000

/** Path of a Chromium of this machine; undefined when there is none. CHROMIUM names one that lies elsewhere. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const candidates = [process.env.CHROMIUM, ...NAMES.flatMap(name => folders.map(folder => join(folder, name)))]
  return candidates.find(path => {
    try {
      accessSync(path ?? '', constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

export interface View {
  readonly width: number
  readonly dark?: boolean
  readonly print?: boolean
}

export interface Page {
  /** What the page asked for, itself included. */
  readonly requests: readonly string[]
  /** Errors and broken policies that it reported. */
  readonly complaints: readonly string[]
  look(view: View): Promise<void>
  /** The value of an expression in the page, as JSON. */
  evaluate<T>(expression: string): Promise<T>
  /** PNG of the whole page. */
  screenshot(): Promise<Buffer>
  pdf(): Promise<Buffer>
}

export interface Chromium {
  open(url: string): Promise<Page>
  close(): Promise<void>
}

type Message = {
  id?: number
  sessionId?: string
  method?: string
  params?: Record<string, unknown>
  result?: unknown
  error?: { message: string }
}

export async function startChromium(path: string): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), 'trellis-chromium-'))
  const child = spawn(
    path,
    [
      '--headless',
      '--disable-gpu',
      '--hide-scrollbars',
      '--no-first-run',
      '--disable-background-networking',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      // Its own sandbox needs what containers do not allow; the only pages here are ours.
      '--no-sandbox',
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  )
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const end = async (): Promise<void> => {
    // Its helpers are of its process group.
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    await exited
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
  try {
    const socket = await connected(await announced(child))
    const protocol = new Protocol(socket)
    return {
      open: async url => await openPage(protocol, url),
      close: async () => {
        socket.close()
        await end()
      },
    }
  } catch (error) {
    await end()
    throw error
  }
}

/** The address that Chromium writes once it listens. */
function announced(child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const timer = setTimeout(() => reject(new Error(`Chromium does not listen: ${text}`)), START_TIMEOUT_MS)
    child.once('exit', code => reject(new Error(`Chromium ended with ${code}: ${text}`)))
    child.stderr!.on('data', chunk => {
      text += chunk
      const [, address] = /DevTools listening on (ws:\S+)/.exec(text) ?? []
      if (address === undefined) return
      clearTimeout(timer)
      resolve(address)
    })
  })
}

function connected(address: string): Promise<WebSocket> {
  const socket = new WebSocket(address)
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(socket), { once: true })
    socket.addEventListener('error', () => reject(new Error(`${address} cannot be reached`)), { once: true })
  })
}

class Protocol {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (message: Message) => void>()
  readonly #listeners = new Set<(message: Message) => void>()
  #last = 0

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as Message
      if (message.id !== undefined) this.#waiting.get(message.id)?.(message)
      for (const listener of [...this.#listeners]) listener(message)
    })
  }

  listen(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  call<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method} was not answered`)), CALL_TIMEOUT_MS)
      this.#waiting.set(id, ({ result, error }) => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        if (error) reject(new Error(`${method}: ${error.message}`))
        else resolve(result as T)
      })
      this.#socket.send(JSON.stringify({ id, method, params, sessionId }))
    })
  }
}

async function openPage(protocol: Protocol, url: string): Promise<Page> {
  const { targetId } = await protocol.call<{ targetId: string }>('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await protocol.call<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })
  const call = <T>(method: string, params: object = {}): Promise<T> => protocol.call<T>(method, params, sessionId)
  const requests: string[] = []
  const complaints: string[] = []
  const loaded = Promise.withResolvers<void>()
  protocol.listen(({ method, params, sessionId: of }) => {
    if (of !== sessionId) return
    if (method === 'Network.requestWillBeSent') requests.push((params!.request as { url: string }).url)
    if (method === 'Log.entryAdded') complaints.push((params!.entry as { text: string }).text)
    if (method === 'Runtime.exceptionThrown') complaints.push(JSON.stringify(params))
    if (method === 'Page.loadEventFired') loaded.resolve()
  })
  for (const domain of ['Page', 'Network', 'Log', 'Runtime']) await call(`${domain}.enable`)
  await call('Page.navigate', { url })
  await loaded.promise
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await call<{ result: { value: T }; exceptionDetails?: object }>(
      'Runtime.evaluate',
      { expression, returnByValue: true },
    )
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`)
    return result.value
  }
  return {
    requests,
    complaints,
    evaluate,
    look: async ({ width, dark = false, print = false }) => {
      // A page behind another one is drawn seldom, if at all.
      await call('Page.bringToFront')
      await call('Emulation.setDeviceMetricsOverride', { width, height: 900, deviceScaleFactor: 1, mobile: false })
      await call('Emulation.setEmulatedMedia', {
        media: print ? 'print' : 'screen',
        features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
      })
    },
    screenshot: async () => {
      const { data } = await call<{ data: string }>('Page.captureScreenshot', { captureBeyondViewport: true })
      return Buffer.from(data, 'base64')
    },
    pdf: async () => {
      const { data } = await call<{ data: string }>('Page.printToPDF', {
        preferCSSPageSize: true,
        printBackground: true,
      })
      return Buffer.from(data, 'base64')
    },
  }
}
