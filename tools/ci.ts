// Runs every check, then adds the counts up: a lint, type or staleness check is one test each, the test runner reports its own.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Count {
  passed: number
  failed: number
  skipped: number
}

const env = { ...process.env, PATH: `${process.cwd()}/node_modules/.bin:${process.env.PATH}` }

function run(command: string, args: string[]): Promise<number> {
  return new Promise(resolve => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env })
    child.on('error', () => resolve(127))
    child.on('close', code => resolve(code ?? 1))
  })
}

async function check(name: string, command: string, args: string[]): Promise<Count> {
  const started = Date.now()
  const code = await run(command, args)
  console.log(`${code === 0 ? 'ok' : 'FAILED'}: ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }
}

async function tests(directory: string, script: string): Promise<Count> {
  const file = join(directory, `${script.replace(':', '-')}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${file}`]
  const started = Date.now()
  const code = await run('npm', ['run', '--silent', script, '--', ...reporters])
  console.log(`${code === 0 ? 'ok' : 'FAILED'}: npm run ${script} (${((Date.now() - started) / 1000).toFixed(0)} s)`)
  try {
    const report = JSON.parse(await readFile(file, 'utf8'))
    const count: Count = {
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      skipped: report.numPendingTests + report.numTodoTests,
    }
    // A file that failed to load has no failed test of its own.
    if (code !== 0 && count.failed === 0) count.failed = Math.max(1, report.numFailedTestSuites)
    return count
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

const directory = await mkdtemp(join(tmpdir(), 'trellis-ci-'))
const counts: Count[] = []
try {
  counts.push(await check('type check', 'tsc', ['-p', '.']))
  counts.push(await check('lint', 'npm', ['run', '--silent', 'lint']))
  counts.push(await check('generated files are current', 'node', ['tools/generate.ts', '--check']))
  counts.push(await tests(directory, 'test'))
  counts.push(await tests(directory, 'test:cluster'))
} finally {
  await rm(directory, { recursive: true, force: true })
}
const sum = (key: keyof Count): number => counts.reduce((total, count) => total + count[key], 0)
const skipped = sum('skipped')
console.log(`${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = sum('failed') === 0 ? 0 : 1
