/** `npm start`: everything on one port of this machine. */
import type { UsherRuntime } from './runtime.ts'
import { DEFAULT_PORT, DEFAULT_STATE_DIR, PROJECT_ROOT, readSettings, type Settings } from './settings.ts'

/** Whatever has not stopped by then is killed with this process. */
const STOP_TIMEOUT_MS = 2_500
const PARENT_CHECK_INTERVAL_MS = 500

async function main(): Promise<void> {
  const stopRequested = Promise.withResolvers<void>()
  // Before anything else is loaded: a signal during the start stops what the start has brought up.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stopRequested.resolve())
  void stopRequested.promise.then(() => setTimeout(() => process.exit(0), STOP_TIMEOUT_MS).unref())

  stopWithNpm(() => stopRequested.resolve())

  const usher = await start()
  try {
    console.log(`Redis: ${usher.redisDescription}`)
    if (usher.postgres !== null) console.log(`PostgreSQL: ${usher.postgres.description}`)
    console.log(`State: ${usher.stateDir} (log: ${usher.logFile})`)
    console.log(`ready ${usher.url}`)
    await stopRequested.promise
  } finally {
    await usher.stop()
  }
}

async function start(): Promise<UsherRuntime> {
  const { startUsher } = await import('./runtime.ts')
  const { ensureDemoEvent } = await import('./demo-event.ts')
  const given = readSettings(PROJECT_ROOT, process.env)
  // Whoever tries Usher has every kind of drop.
  const settings: Settings = { ...given, USHER_POSTGRES: given['USHER_POSTGRES'] || 'if-possible' }
  const usher = await startUsher({
    stateDir: settings['USHER_STATE_DIR'] || DEFAULT_STATE_DIR,
    port: readPort(settings['PORT']),
    settings,
    handlesSignals: true,
  })
  try {
    await ensureDemoEvent(usher.url, usher.variables['ADMIN_API_KEY'] ?? '')
    return usher
  } catch (error) {
    await usher.stop()
    throw error
  }
}

/** npm passes signals on, but when npm itself is killed nobody tells us: the port would stay taken for ever. */
function stopWithNpm(stop: () => void): void {
  if (process.env['npm_lifecycle_event'] === undefined) return
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) stop()
  }, PARENT_CHECK_INTERVAL_MS).unref()
}

function readPort(text: string | undefined): number {
  const port = text ? Number(text) : DEFAULT_PORT
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`PORT is "${text}"; it must be 0 to 65535`)
  return port
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(`usher: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  },
)
