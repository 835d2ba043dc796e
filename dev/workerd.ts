/** The Workers runtime with the production bundle in it, by miniflare's own API: no proxy and no reloading in between. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare, type MiniflareOptions } from 'miniflare'
import type { WorkerBundle } from './bundle.ts'
import { LOOPBACK } from './ports.ts'
import { POSTGRES_BINDING } from '../src/drops/postgres/binding.ts'
import { forgetProcess, recordProcess } from './processes.ts'
import { Revival } from './revival.ts'
import { openWorkerLog } from './worker-log.ts'

export type WorkerdOptions = {
  readonly bundle: WorkerBundle
  readonly port: number
  readonly stateDir: string
  /** Where the process is written down, to be found if this one is killed. */
  readonly recordFile: string
  readonly variables: Readonly<Record<string, string>>
  /** The database behind Hyperdrive. Default: the Worker has none. */
  readonly postgresUrl?: string | null
  readonly handlesSignals: boolean
}

export type Workerd = {
  readonly url: string
  readonly logFile: string
  readonly miniflare: Miniflare
  pid(): number | null
  scheduled(cron: string, scheduledTimeMs: number): Promise<void>
  /** Kills the process: with an open stream it would never end by itself. */
  stop(): Promise<void>
}

/** What miniflare's worker handle can do besides fetch; its own type needs the Workers' global types. */
type ScheduledTarget = {
  scheduled(options: { cron: string; scheduledTime: Date }): Promise<{ outcome: string }>
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Resolves when workerd accepts connections. If it dies, miniflare starts it again on the same port. */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const log = openWorkerLog(join(options.stateDir, 'worker.log'))
  const record = (): void => {
    const pid = findWorkerd(options.port)
    if (pid !== null) recordProcess(options.recordFile, pid)
  }
  const revival = new Revival()
  const miniflareOptions: MiniflareOptions = {
    ...toMiniflareOptions(options),
    log: revival,
    handleStructuredLogs: (entry) => log.write(entry),
    unsafeHandleRuntimeRestart: record,
  }
  const miniflare = construct(miniflareOptions, options.handlesSignals)
  const stop = async (): Promise<void> => {
    revival.stop()
    await miniflare.dispose()
    forgetProcess(options.recordFile)
    await log.close()
  }
  try {
    await miniflare.ready
    record()
    revival.watch(miniflare, miniflareOptions, record)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url: `http://${LOOPBACK}:${options.port}`,
    logFile: log.file,
    miniflare,
    pid: () => findWorkerd(options.port),
    scheduled: async (cron, scheduledTimeMs) => {
      const worker = (await miniflare.getWorker()) as unknown as ScheduledTarget
      const { outcome } = await worker.scheduled({ cron, scheduledTime: new Date(scheduledTimeMs) })
      if (outcome !== 'ok') throw new Error(`the scheduled handler ended with "${outcome}"`)
    },
    stop,
  }
}

function toMiniflareOptions({
  bundle,
  port,
  stateDir,
  variables,
  postgresUrl = null,
}: WorkerdOptions): MiniflareOptions {
  return convertV4MiniflareOptions({
    host: LOOPBACK,
    port,
    // No request for the placeholder of `request.cf` goes out at the start.
    cf: false,
    logRequests: false,
    resourcePersistencePath: join(stateDir, 'workerd'),
    resourceTmpPath: join(stateDir, 'tmp'),
    workers: [
      {
        ...bundle.options,
        name: bundle.name,
        modules: bundle.modules,
        bindings: { ...bundle.options.bindings, ...variables },
        ...(postgresUrl !== null && { hyperdrives: { [POSTGRES_BINDING]: postgresUrl } }),
      },
    ],
  })
}

/**
 * Miniflare ends the process at once on a signal. A caller that has its own handlers would never get to finish.
 * Its handler of the process's exit stays: whatever happens, workerd is killed.
 */
function construct(options: MiniflareOptions, handlesSignals: boolean): Miniflare {
  const before = new Set(SIGNALS.flatMap((signal) => process.listeners(signal)))
  const miniflare = new Miniflare(options)
  for (const signal of handlesSignals ? SIGNALS : []) {
    for (const listener of process.listeners(signal)) if (!before.has(listener)) process.off(signal, listener)
  }
  return miniflare
}

/** Miniflare does not tell the pid; the port is on the command line. Null where there is no /proc. */
function findWorkerd(port: number): number | null {
  const address = `--socket-addr=entry=${LOOPBACK}:${port}`
  try {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    const pid = pids.find((name) => commandLine(name).includes(address))
    return pid === undefined ? null : Number(pid)
  } catch {
    // Not Linux: an orphan then has to be ended by hand, and the start says which port it holds.
    return null
  }
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')
  } catch {
    // It ended while we were looking.
    return []
  }
}
