// Bundles the programs into dist/: a bundled node process starts in half the time of an unbundled one.
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const outdir = 'dist'
const options = {
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minify: false,
  sourcemap: false,
  logLevel: 'warning',
  // Ink looks for React's developer tools only when DEV=true asks for them.
  external: ['classic-level', 'react-devtools-core'],
  // CommonJS dependencies (express) call require at run time.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
}

await build({
  ...options,
  entryPoints: {
    node: 'node/main.ts',
    'pause-child': 'node/lifecycle/pause-child.ts',
    operator: 'operator/kubernetes/main.ts',
    runner: 'operator/kubernetes/runner/main.ts',
    agent: 'chaos/agent/main.ts',
  },
})
// In parts: what only a cluster needs takes longer to load than all the rest, and is loaded when it is.
const parts = 'trellis-part-'
const { metafile } = await build({
  ...options,
  entryPoints: { trellis: 'tui/main.ts' },
  define: { 'process.env.NODE_ENV': '"production"' },
  splitting: true,
  chunkNames: `${parts}[hash]`,
  metafile: true,
})
for (const name of readdirSync(outdir))
  if (name.startsWith(parts) && !(`${outdir}/${name}` in metafile.outputs)) rmSync(join(outdir, name))
