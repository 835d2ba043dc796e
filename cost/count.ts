/** `npm run cost:count`: counts what everything costs on the real runtime, and writes it to operations.json. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { PROJECT_ROOT, type Settings } from '../dev/settings.ts'
import { buyingRun, listeningShop, toldRun } from './count-buying.ts'
import { CountClient } from './count-client.ts'
import { forgettingRun, RETENTION_SECONDS, saleRuns } from './count-runs.ts'
import { CountSteps } from './count-steps.ts'
import { startCountedUsher, type CountedUsher } from './counted-usher.ts'
import { readCounted, type CountedFile, type Operations } from './operations.ts'

const FILE = new URL('operations.json', import.meta.url)
const BYTES_PER_GB = 1024 ** 3

type Run = { readonly settings: Settings; readonly run: (steps: CountSteps) => Promise<void> }

/** Each on a fresh Usher; without names on the command line all of them. `told` has a shop that is told of everything. */
const RUNS: ReadonlyMap<string, Run> = new Map([
  ['sale', { settings: {}, run: saleRuns }],
  ['afterwards', { settings: { ENDED_RETENTION_SECONDS: String(RETENTION_SECONDS) }, run: forgettingRun }],
  ['buying', { settings: {}, run: buyingRun }],
  ['told', { settings: {}, run: toldRun }],
])

async function main(): Promise<void> {
  // Whatever ends this process also ends workerd, which miniflare sees to, and what is left is the state directory.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
  // First of all, as others may go on working meanwhile.
  const counted = commit()
  const only = process.argv.slice(2)
  const unknown = only.find((name) => !RUNS.has(name))
  if (unknown !== undefined) throw new Error(`no run "${unknown}"; there are ${[...RUNS.keys()].join(', ')}`)
  const shop = await listeningShop()
  const made: Partial<Operations>[] = []
  let redis = ''
  for (const [name, { settings, run }] of RUNS) {
    if (only.length > 0 && !only.includes(name)) continue
    const found = await counting(name === 'told' ? shop.settings : settings, run)
    made.push(found.made)
    redis = found.redis
  }
  shop.stop()
  const operations = Object.assign({}, ...made) as Partial<Operations>
  const file =
    only.length === 0
      ? described(operations as Operations, redis, counted)
      : updated(readCounted(FILE), operations, only, counted)
  writeFileSync(FILE, `${JSON.stringify(file, null, 2)}\n`)
  console.log(`written to ${FILE.pathname}`)
}

/** Some of the runs, counted after the others. */
function updated(
  before: CountedFile,
  operations: Partial<Operations>,
  runs: readonly string[],
  counted: string,
): CountedFile {
  const at = { countedAt: new Date().toISOString(), commit: counted }
  return {
    ...before,
    later: { ...before.later, ...Object.fromEntries(runs.map((run) => [run, at])) },
    operations: { ...before.operations, ...operations },
  }
}

/** Counts on a fresh Usher with these settings, and takes it away whatever happens. */
async function counting(
  settings: Settings,
  run: (steps: CountSteps) => Promise<void>,
): Promise<{ made: Partial<Operations>; redis: string }> {
  const stateDir = mkdtempSync(join(tmpdir(), 'usher-cost-'))
  const removeState = (): void => rmSync(stateDir, { recursive: true, force: true })
  process.once('exit', removeState)
  let usher: CountedUsher | null = null
  try {
    usher = await startCountedUsher(stateDir, settings)
    const client = new CountClient(usher.url, usher.variables)
    const steps = new CountSteps(usher, client, ({ count, unit }) => console.log(`${count} x ${unit}`))
    await run(steps)
    return { made: steps.made, redis: usher.redisDescription }
  } finally {
    await usher?.stop()
    removeState()
    process.off('exit', removeState)
  }
}

function described(operations: Operations, redis: string, counted: string): CountedFile {
  const [cpu] = cpus()
  return {
    countedAt: new Date().toISOString(),
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cores: cpus().length,
      memoryGb: Math.round(totalmem() / BYTES_PER_GB),
      os: `${type()} ${release()}`,
    },
    versions: {
      node: process.versions.node,
      miniflare: versionOf('miniflare'),
      workerd: versionOf('workerd'),
      redis,
      commit: counted,
    },
    later: {},
    operations,
  }
}

function versionOf(dependency: string): string {
  const file = join(PROJECT_ROOT, 'node_modules', dependency, 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

/** With a plus when files have changed since. */
function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: PROJECT_ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  try {
    return (
      git('rev-parse', '--short', 'HEAD') +
      (git('status', '--porcelain', '--', 'src', 'lua') === '' ? '' : '+')
    )
  } catch {
    // No repository: a copy of the files alone.
    return 'unknown'
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error)
    process.exit(1)
  },
)
