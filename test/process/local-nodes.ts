// Nodes of a testnet on this machine, found by its record and asked on their own ports.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NodeClient } from '../../chaos/runner/node-client.ts'
import type { TestnetRecord } from '../../operator/local/record.ts'

export class LocalNodes {
  readonly #file: string

  /** `home`: TRELLIS_HOME of the commands that started it. */
  constructor(home: string, testnet: string) {
    this.#file = join(home, testnet, 'testnet.json')
  }

  record(): TestnetRecord {
    return JSON.parse(readFileSync(this.#file, 'utf8')) as TestnetRecord
  }

  records(): TestnetRecord['nodes'] {
    return this.record().nodes
  }

  client(node: string): NodeClient {
    const { host, http, admin } = this.records().find(({ name }) => name === node)!.address
    return new NodeClient({ name: node, statusUrl: `http://${host}:${http}`, adminUrl: `http://${host}:${admin}` })
  }

  async rowsOf(node: string): Promise<number> {
    return (await this.client(node).faults({ signal: new AbortController().signal })).length
  }

  async rowsInForce(): Promise<number> {
    return (await Promise.all(this.records().map(({ name }) => this.rowsOf(name)))).reduce((sum, rows) => sum + rows, 0)
  }

  /** Hashes of all heads; one when they agree. */
  async heads(): Promise<string[]> {
    const signal = new AbortController().signal
    const statuses = await Promise.all(this.records().map(({ name }) => this.client(name).status({ signal })))
    return [...new Set(statuses.map(({ head }) => head.hash))]
  }
}
