/** `npm run dev`: wrangler's reloading server, with the settings and the Redis of `npm start` and a state of its own. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { POSTGRES_BINDING } from '../src/drops/postgres/binding.ts'
import { startBackend, type Backend } from './backend.ts'
import { Cleanup } from './cleanup.ts'
import { ensureDemoEvent } from './demo-event.ts'
import { everyMinute } from './every-minute.ts'
import { untilHealthy } from './health.ts'
import { LOOPBACK } from './ports.ts'
import { DEFAULT_PORT, DEFAULT_STATE_DIR, PROJECT_ROOT, readSettings } from './settings.ts'
import { claimStateDir } from './state-dir.ts'
import { WRANGLER, wranglerEnvironment } from './wrangler.ts'

const HEALTHY_TIMEOUT_MS = 60_000

async function main(cleanup: Cleanup): Promise<void> {
  const settings = readSettings(PROJECT_ROOT, process.env)
  const state = claimStateDir(resolve(settings['USHER_STATE_DIR'] || DEFAULT_STATE_DIR, 'dev'))
  cleanup.add(() => state.release())
  const backend = await startBackend(settings, state.path)
  cleanup.add(() => backend.stop())

  const port = settings['PORT'] || String(DEFAULT_PORT)
  const url = `http://${LOOPBACK}:${port}`
  await migrateRecords(state.path)
  const wrangler = spawn(
    process.execPath,
    [WRANGLER, 'dev', ...wranglerArguments(port, state.path, backend.variables)],
    {
      cwd: PROJECT_ROOT,
      env: { ...wranglerEnvironment(), ...postgresEnvironment(backend) },
      stdio: 'inherit',
    },
  )
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => wrangler.kill(signal))
  // Wrangler's server never fires cron by itself; a run that fails shows in its log.
  const beat = everyMinute(
    () => void fetch(`${url}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*`).catch(() => {}),
  )
  cleanup.add(() => beat.stop())
  untilHealthy(url, HEALTHY_TIMEOUT_MS)
    .then(() => ensureDemoEvent(url, backend.variables['ADMIN_API_KEY'] ?? ''))
    .catch((error: unknown) => console.error(error))
  await once(wrangler, 'exit')
}

/** The address of the database, if wrangler.toml has a Hyperdrive. */
function postgresEnvironment({ postgres }: Backend): Record<string, string> {
  const variable = `CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_${POSTGRES_BINDING}`
  return postgres === null ? {} : { [variable]: postgres.url }
}

/** The tables of the drops' records, before anybody asks for them. */
async function migrateRecords(stateDir: string): Promise<void> {
  const command = [
    'd1',
    'migrations',
    'apply',
    'RECORDS',
    '--local',
    '--persist-to',
    join(stateDir, 'wrangler'),
  ]
  await promisify(execFile)(process.execPath, [WRANGLER, ...command], {
    cwd: PROJECT_ROOT,
    env: { ...wranglerEnvironment(), CI: '1' },
  })
}

/** The variables go by a file, not by the command line, which every user of the machine can read. */
function wranglerArguments(
  port: string,
  stateDir: string,
  variables: Readonly<Record<string, string>>,
): string[] {
  const file = join(stateDir, 'variables.env')
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'\n`)
  writeFileSync(file, lines.join(''), { mode: 0o600 })
  return ['--ip', LOOPBACK, '--port', port, '--persist-to', join(stateDir, 'wrangler'), '--env-file', file]
}

async function run(): Promise<void> {
  const cleanup = new Cleanup()
  try {
    await main(cleanup)
  } finally {
    await cleanup.run()
  }
}

run().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(`usher: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  },
)
