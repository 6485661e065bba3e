// Installs the locked dependencies into node_modules when they are missing or stale. Plain JavaScript without
// dependencies: it runs on whatever Node (20 or newer) the machine has, before anything is installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const major = Number(process.versions.node.split('.')[0])
if (major < 20) {
  console.error(`trellis: Node ${process.versions.node} is too old to install the dependencies; use Node 20 or newer`)
  process.exit(3)
}

const lock = readFileSync(join(root, 'package-lock.json'))
const wanted = createHash('sha256').update(lock).digest('hex')
const stamp = join(root, 'node_modules', '.installed-lock')
const have = existsSync(stamp) ? readFileSync(stamp, 'utf8') : ''

if (have !== wanted) {
  console.error('trellis: installing dependencies (npm ci) ...')
  // No package of the closure needs its install script: classic-level and esbuild ship prebuilt binaries.
  const result = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (result.status !== 0) {
    console.error('trellis: npm ci failed; the messages above say why')
    process.exit(3)
  }
  writeFileSync(stamp, wanted)
}
