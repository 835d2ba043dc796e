/** `npm run cost:count`: counts what everything costs on the real runtime, and writes it to operations.json. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { PROJECT_ROOT } from '../dev/settings.ts'
import { CountClient } from './count-client.ts'
import { CountRuns } from './count-runs.ts'
import { startCountedUsher, type CountedUsher } from './counted-usher.ts'
import type { CountedFile, Operations } from './operations.ts'

const FILE = new URL('operations.json', import.meta.url)
const BYTES_PER_GB = 1024 ** 3

async function main(): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'usher-cost-'))
  let usher: CountedUsher | null = null
  const stop = async (): Promise<void> => {
    await usher?.stop()
    rmSync(stateDir, { recursive: true, force: true })
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void stop().finally(() => process.exit(1)))
  }
  try {
    usher = await startCountedUsher(stateDir)
    const client = new CountClient(usher.url, usher.variables)
    const runs = new CountRuns(usher, client, (name, { count, unit }) =>
      console.log(`${name}: ${count} x ${unit}`),
    )
    writeFileSync(FILE, `${JSON.stringify(described(await runs.all(), usher.redisDescription), null, 2)}\n`)
    console.log(`written to ${FILE.pathname}`)
  } finally {
    await stop()
  }
}

function described(operations: Operations, redis: string): CountedFile {
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
      commit: commit(),
    },
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
    execFileSync('git', args, { cwd: PROJECT_ROOT, encoding: 'utf8' }).trim()
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

await main()
