/** The production bundle in workerd with Redis behind it, as `npm start` runs it, and a counter on everything billed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startBackend } from '../dev/backend.ts'
import { bundleWorker, type WorkerBundle } from '../dev/bundle.ts'
import { Cleanup } from '../dev/cleanup.ts'
import { untilHealthy } from '../dev/health.ts'
import { freePort } from '../dev/ports.ts'
import type { Reply } from '../dev/redis/resp-parser.ts'
import { RespClient } from '../dev/redis/resp.ts'
import { migrateRecords } from '../dev/records.ts'
import { PROJECT_ROOT, type Settings } from '../dev/settings.ts'
import { startWorkerd } from '../dev/workerd.ts'
import { wrapBundle } from '../dev/wrapped-bundle.ts'
import { COUNTS_PATH, type WorkerCounts } from './counting-worker.ts'

const HEALTHY_TIMEOUT_MS = 20_000
const CLOCK_TICKS_PER_SECOND = 100

export type Counts = WorkerCounts & {
  /** HTTP requests to Redis. */
  redisRequests: number
  /** Commands of those requests: a script call is one. */
  redisCalls: number
  /** Commands that Redis executed, the calls and what their scripts called. */
  redisCommands: number
  /** CPU time of workerd: Worker, objects and runtime together. 0 where there is no /proc. */
  cpuMs: number
}

export type CountedUsher = {
  readonly url: string
  readonly redisDescription: string
  readonly variables: Readonly<Record<string, string>>
  counts(): Promise<Counts>
  runCron(): Promise<void>
  /** Idempotent. */
  stop(): Promise<void>
}

/**
 * @param stateDir empty, and the caller's to remove.
 * @param settings variables of the Worker that differ from their defaults.
 * @throws Error when something does not start.
 */
export async function startCountedUsher(stateDir: string, settings: Settings = {}): Promise<CountedUsher> {
  const cleanup = new Cleanup()
  try {
    return await start(stateDir, settings, cleanup)
  } catch (error) {
    await cleanup.run()
    throw error
  }
}

async function start(stateDir: string, settings: Settings, cleanup: Cleanup): Promise<CountedUsher> {
  const bundle = counted(await bundleWorker(PROJECT_ROOT, join(stateDir, 'bundle')))
  const backend = await startBackend({ ...settings, USHER_REDIS: 'embedded' }, stateDir)
  cleanup.add(() => backend.stop())
  const { engine, front, variables } = backend
  if (engine === null || front === null) throw new Error('counting needs a Redis of its own')
  const redis = new RespClient(engine)
  cleanup.add(() => redis.close())
  const port = await freePort()
  const recordFile = join(stateDir, 'workerd.json')
  const workerd = await startWorkerd({
    bundle,
    port,
    stateDir,
    recordFile,
    variables,
    postgresUrl: backend.postgres?.url ?? null,
    handlesSignals: true,
  })
  cleanup.add(() => workerd.stop())
  await migrateRecords(workerd.miniflare, PROJECT_ROOT)
  await untilHealthy(workerd.url, HEALTHY_TIMEOUT_MS)
  return {
    url: workerd.url,
    redisDescription: backend.redisDescription,
    variables,
    counts: async () => ({
      ...((await (await fetch(workerd.url + COUNTS_PATH)).json()) as WorkerCounts),
      redisRequests: front.stats.requests,
      redisCalls: front.stats.commands,
      redisCommands: executedCommands(await redis.send([['INFO', 'commandstats']])),
      cpuMs: cpuMsOf(workerd.pid()),
    }),
    runCron: () => workerd.scheduled(bundle.options.cronTriggers?.[0] ?? '* * * * *', Date.now()),
    stop: () => cleanup.run(),
  }
}

/** The bundle behind an entry that counts. */
function counted(bundle: WorkerBundle): WorkerBundle {
  return wrapBundle(bundle, {
    module: new URL('counting-worker.ts', import.meta.url),
    handler: 'countedHandler',
    objectClass: 'countedClass',
  })
}

/** What only this counter and the local stand-in for Upstash's key locking (dev/redis/key-locking.ts) ask. */
const NOT_BILLED = new Set(['info', 'ping', 'config|get', 'command|getkeys'])

/** The sum of `INFO commandstats`: commands by themselves and those that scripts called. */
function executedCommands([reply]: readonly Reply[]): number {
  if (!Buffer.isBuffer(reply)) throw new Error('Redis does not say what it executed')
  let total = 0
  for (const [, name = '', calls] of reply.toString().matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    if (!NOT_BILLED.has(name)) total += Number(calls)
  }
  return total
}

function cpuMsOf(pid: number | null): number {
  if (pid === null) return 0
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / CLOCK_TICKS_PER_SECOND
}
