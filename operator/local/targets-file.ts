// prometheus-targets.json: where a testnet's metrics are, in the format of Prometheus' file_sd, which takes no pattern for
// a folder: a scrape configuration names the file of each testnet. Labels stand on the targets although most series have
// the same ones themselves, so that `up` has them too: scrape with `honor_labels: true`, else Prometheus keeps both.
import { LOCAL_NAMESPACE } from './outside-view.ts'
import type { TestnetRecord } from './record.ts'
import { targetsFile, writeFileWhole } from './state-folder.ts'

export interface TargetGroup {
  readonly targets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/** The supervisor first, then every node, whether it runs or not: one that is down is to be seen as such. */
export function scrapeTargets(
  { name, nodes }: Pick<TestnetRecord, 'name' | 'nodes'>,
  supervisorPort: number,
): TargetGroup[] {
  const labels = { namespace: LOCAL_NAMESPACE, testnet: name }
  return [
    { targets: [`127.0.0.1:${supervisorPort}`], labels },
    ...nodes.map(({ name: node, group, address: { host, http } }) => ({
      targets: [`${host}:${http}`],
      labels: { ...labels, group, node },
    })),
  ]
}

/** Throws LocalError. */
export function writeTargets(folder: string, groups: readonly TargetGroup[]): void {
  writeFileWhole(targetsFile(folder), `${JSON.stringify(groups, null, 2)}\n`)
}

/** Says that nothing is left to scrape. Never throws: whoever ends a testnet goes on although the disk is full. */
export function emptyTargets(folder: string): void {
  try {
    writeTargets(folder, [])
  } catch {
    // What stands there names addresses at which nobody answers any more.
  }
}
