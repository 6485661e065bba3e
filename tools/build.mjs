// Bundles the programs into dist/: a bundled node process starts in half the time of an unbundled one.
import { build } from 'esbuild'

await build({
  entryPoints: { node: 'node/main.ts', operator: 'operator/kubernetes/main.ts', trellis: 'tui/main.ts' },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  splitting: false,
  minify: false,
  sourcemap: false,
  logLevel: 'warning',
  external: ['classic-level'],
  // CommonJS dependencies (express) call require at run time.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
})
