/**
 * A whole Usher in this process: the production bundle in workerd, Redis behind its REST front, cron each minute.
 * `npm start` and the tests that need the real thing run it; it is never deployed.
 */
import { join, resolve } from 'node:path'
import { startBackend, type Backend } from './backend.ts'
import { bundleWorker, type WorkerBundle } from './bundle.ts'
import { Cleanup } from './cleanup.ts'
import { everyMinute } from './every-minute.ts'
import { untilHealthy } from './health.ts'
import { freePort, isPortFree, LOOPBACK, portHolder } from './ports.ts'
import type { FakeProvider } from './payments/fake-provider.ts'
import type { LocalPostgres } from './postgres/local.ts'
import { endOrphan } from './processes.ts'
import type { Engine } from './redis/engine.ts'
import type { Front } from './redis/front.ts'
import { migrateRecords } from './records.ts'
import { PROJECT_ROOT, type Settings } from './settings.ts'
import { claimStateDir } from './state-dir.ts'
import { startWorkerd, type Workerd } from './workerd.ts'

const HEALTHY_TIMEOUT_MS = 10_000
const START_ATTEMPTS_MAX = 3

export type UsherOptions = {
  readonly stateDir: string
  /** 0, the default: a free one. */
  readonly port?: number
  /** The environment, or what stands for it: which Redis to use, and the Worker's variables. */
  readonly settings?: Settings
  /** Further bindings of the Worker, over everything else. */
  readonly bindings?: Readonly<Record<string, string>>
  /** The project to run. Default: this one. */
  readonly root?: string
  /** Where the bundle is kept. Default: in the state directory. */
  readonly bundleDir?: string
  /** False: the scheduled handler runs only by `runCron`. Default true. */
  readonly cron?: boolean
  /** True: `url` leads straight to the Worker, past miniflare's entry, which costs several times what a message does. */
  readonly direct?: boolean
  /** What runs instead of the bundle: the same behind another entry. Default: the bundle itself. */
  readonly wrap?: (bundle: WorkerBundle) => WorkerBundle
  /** The caller handles SIGINT, SIGTERM and SIGHUP. Default: the process dies of them, with all that it started. */
  readonly handlesSignals?: boolean
}

export type UsherRuntime = {
  readonly url: string
  readonly stateDir: string
  /** Null when the Worker talks to Upstash itself. */
  readonly redis: Engine | null
  readonly front: Front | null
  readonly redisDescription: string
  /** Null when the Worker talks to another provider. */
  readonly payments: FakeProvider | null
  /** Null when the Worker has no PostgreSQL. */
  readonly postgres: LocalPostgres | null
  readonly logFile: string
  /** The Worker's variables as it sees them. */
  readonly variables: Readonly<Record<string, string>>
  readonly miniflare: Workerd['miniflare']
  /** Of this moment: workerd comes back under another pid when it is killed. */
  workerdPid(): number | null
  /** Runs the scheduled handler once. @throws Error when it fails. */
  runCron(scheduledTimeMs?: number): Promise<void>
  /** Idempotent. Ends everything at once, open streams included; nothing that was acknowledged is lost. */
  stop(): Promise<void>
}

/**
 * Resolves when `GET /healthz` has answered 200.
 * @throws Error with a text for people: state directory in use, port taken, no bundle, unhealthy. Nothing runs then.
 */
export async function startUsher(options: UsherOptions): Promise<UsherRuntime> {
  for (let attempt = 1; ; attempt += 1) {
    const cleanup = new Cleanup()
    try {
      return await start(options, cleanup)
    } catch (error) {
      await cleanup.run()
      // A port that was free a moment ago may have become somebody else's meanwhile. One that was asked for is not changed.
      const isAnyPort = (options.port ?? 0) === 0
      if (!isAnyPort || attempt === START_ATTEMPTS_MAX || !isAddressInUse(error)) throw error
    }
  }
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'ERR_ADDRESS_IN_USE'
}

async function start(options: UsherOptions, cleanup: Cleanup): Promise<UsherRuntime> {
  const state = claimStateDir(resolve(options.stateDir))
  cleanup.add(() => state.release())
  const recordFile = join(state.path, 'workerd.json')
  await endOrphan(recordFile)
  const port = await choosePort(options.port ?? 0)
  const { bundle: made, backend } = await prepare(options, state.path, cleanup)
  const bundle = options.wrap?.(made) ?? made
  const variables = { ...backend.variables, ...options.bindings }
  const handlesSignals = options.handlesSignals ?? false
  const directPort = options.direct === true ? await freePort() : null
  const workerd = await startWorkerd({
    bundle: directPort === null ? bundle : openedAt(bundle, directPort),
    port,
    stateDir: state.path,
    recordFile,
    variables,
    postgresUrl: backend.postgres?.url ?? null,
    handlesSignals,
  })
  cleanup.add(() => workerd.stop())
  if (bundle.options.d1Databases !== undefined)
    await migrateRecords(workerd.miniflare, options.root ?? PROJECT_ROOT)
  await untilHealthy(workerd.url, HEALTHY_TIMEOUT_MS)
  const runCron = async (scheduledTimeMs = Date.now()): Promise<void> => {
    for (const cron of bundle.options.cronTriggers ?? []) await workerd.scheduled(cron, scheduledTimeMs)
  }
  if (options.cron ?? true) cleanup.add(startCron(runCron))
  return {
    url: directPort === null ? workerd.url : `http://${LOOPBACK}:${directPort}`,
    stateDir: state.path,
    redis: backend.engine,
    front: backend.front,
    redisDescription: backend.redisDescription,
    payments: backend.payments,
    postgres: backend.postgres,
    logFile: workerd.logFile,
    variables,
    miniflare: workerd.miniflare,
    workerdPid: () => workerd.pid(),
    runCron,
    stop: () => cleanup.run(),
  }
}

/** The Worker with a socket of its own, and without static files: with them miniflare puts two Workers before it. */
function openedAt(bundle: WorkerBundle, port: number): WorkerBundle {
  const { assets: _, ...options } = bundle.options
  const direct = { unsafeDirectSockets: [{ host: LOOPBACK, port }] }
  return { ...bundle, options: { ...options, ...direct } }
}

/** The bundle and Redis take about as long as each other, so they are made side by side. */
async function prepare(
  options: UsherOptions,
  stateDir: string,
  cleanup: Cleanup,
): Promise<{ bundle: WorkerBundle; backend: Backend }> {
  const [bundle, backend] = await Promise.allSettled([
    bundleWorker(options.root ?? PROJECT_ROOT, options.bundleDir ?? join(stateDir, 'bundle')),
    startBackend(options.settings ?? {}, stateDir),
  ])
  if (backend.status === 'fulfilled') cleanup.add(() => backend.value.stop())
  if (bundle.status === 'rejected') throw bundle.reason
  if (backend.status === 'rejected') throw backend.reason
  return { bundle: bundle.value, backend: backend.value }
}

async function choosePort(wanted: number): Promise<number> {
  if (wanted === 0) return await freePort()
  if (await isPortFree(wanted)) return wanted
  const pid = portHolder(wanted)
  const holder = pid === null ? 'another process' : `process ${pid}`
  throw new Error(`port ${wanted} is in use by ${holder}; stop it or set PORT`)
}

/** Runs the scheduled handler each minute. A failure is shown; the next minute tries again. */
function startCron(runCron: (scheduledTimeMs: number) => Promise<void>): () => void {
  const beat = everyMinute((scheduledTimeMs) => {
    runCron(scheduledTimeMs).catch((error: unknown) => console.error('cron failed:', error))
  })
  return () => beat.stop()
}
