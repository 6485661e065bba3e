// What goes into the images: `node image-files.ts SOURCE TARGET`, run by the Dockerfile on the base image, so that the
// libraries and the native addon are those of the machine the image is for. Writes below TARGET
//   runtime/    Node, the libraries it has loaded, the users
//   node/       the node's bundle, and the native package that no bundle can hold
//   operator/   the bundles of the operator and of what runs experiments
//   agent/      the net agent's bundle, and the programs of the base that it runs; only where BASE has them
// Stands alone: nothing of the repository but what the Dockerfile copies is there.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative, resolve } from 'node:path'

const NATIVE_PACKAGE = 'classic-level'
/** Unprivileged, and the number that distroless images use: operator/kubernetes runs nodes as it. */
const USER = 65_532

const [source, target] = process.argv.slice(2).map(path => resolve(path))
if (!source || !target) {
  console.error('usage: node image-files.ts SOURCE TARGET')
  process.exit(3)
}
const modules = join(source, 'node_modules')
const require = createRequire(join(modules, '_'))

/** Follows links: the path stays the one that is looked for. */
function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(realpathSync(from), to)
  chmodSync(to, /\.(js|node)$|LICENSE$/.test(to) ? 0o644 : 0o755)
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { mode: 0o644 })
}

/** Of the C library some load only when they are needed; since glibc 2.34 none of those that Node needs. */
function runtime(folder: string): void {
  copy(process.execPath, join(folder, '/usr/local/bin/node'))
  const report = process.report.getReport() as unknown as { sharedObjects: string[] }
  // One without a path is the kernel's own; the addon comes with its package.
  for (const library of report.sharedObjects)
    if (library.startsWith('/') && !library.startsWith(modules)) copy(library, join(folder, library))
  write(join(folder, 'etc/passwd'), `root:x:0:0::/:/sbin/nologin\ntrellis:x:${USER}:${USER}::/:/sbin/nologin\n`)
  write(join(folder, 'etc/group'), `root:x:0:\ntrellis:x:${USER}:\n`)
  write(join(folder, 'etc/nsswitch.conf'), 'hosts: files dns\n')
}

function bundle(names: readonly string[], folder: string): void {
  for (const name of names) {
    const script = join(source!, 'dist', `${name}.js`)
    if (!existsSync(script)) throw new Error(`${script} is missing: run \`npm run build\``)
    copy(script, join(folder, `${name}.js`))
  }
  write(join(folder, 'package.json'), '{ "type": "module" }\n')
  copy(join(source!, 'LICENSE'), join(folder, 'LICENSE'))
}

/** What the net agent runs, with the libraries of each and the tables of its delays. */
function kernelTools(folder: string): void {
  for (const name of ['nft', 'tc', 'ip']) {
    const program = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'].map(path => join(path, name)).find(existsSync)
    // Only the agent's image needs them, and says so when it is built (Dockerfile).
    if (program === undefined) return
    // The loader then lists what it would load in place of running the program: `libmnl.so.0 => /lib/... (0x...)`.
    const env = { LD_TRACE_LOADED_OBJECTS: '1' }
    for (const [, library] of execFileSync(program, { env, encoding: 'utf8' }).matchAll(/=> (\/\S+)/g))
      copy(library!, join(folder, library!))
    copy(program, join(folder, 'usr/sbin', name))
  }
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  for (const tables of [`/usr/lib/${machine}-linux-gnu/tc`, '/usr/lib/tc'])
    if (existsSync(tables)) cpSync(tables, join(folder, tables), { recursive: true, dereference: true })
}

/** The native package and all it depends on: programs and licences, and of the prebuilt addons the one for this machine. */
function nativePackage(folder: string): void {
  const pending = [NATIVE_PACKAGE]
  for (const name of pending) {
    const from = join(modules, name)
    const file = join(from, 'package.json')
    if (!existsSync(file)) throw new Error(`${from} is missing: run \`npm ci\`; name it in .dockerignore, too`)
    const { dependencies = {} } = JSON.parse(readFileSync(file, 'utf8')) as { dependencies?: Record<string, string> }
    for (const next of Object.keys(dependencies)) if (!pending.includes(next)) pending.push(next)
    const wanted = (path: string) => {
      const [top = ''] = relative(from, path).split('/')
      if (['node_modules', 'deps', 'test', 'types', 'prebuilds'].includes(top)) return false
      return statSync(path).isDirectory() || /\.js$|^package\.json$|^licen[cs]e/i.test(basename(path))
    }
    cpSync(from, join(folder, 'node_modules', name), { recursive: true, filter: wanted })
  }
  const { path } = require('node-gyp-build') as { path: (folder: string) => string }
  const addon = path(join(modules, NATIVE_PACKAGE))
  copy(addon, join(folder, relative(source!, addon)))
}

// Loaded first, so that the libraries of the addon are among those that are loaded.
require(NATIVE_PACKAGE)
runtime(join(target, 'runtime'))
bundle(['node', 'pause-child'], join(target, 'node'))
nativePackage(join(target, 'node'))
bundle(['operator', 'runner'], join(target, 'operator'))
bundle(['agent'], join(target, 'agent/app'))
kernelTools(join(target, 'agent'))
