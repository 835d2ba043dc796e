/** `npm run demo`: a crowd against a running server, and the verdict. */
import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { Api } from './api-client.ts'
import { assignRoles, runCrowd } from './crowd.ts'
import type { World } from './fan.ts'
import { parseOptions, USAGE } from './options.ts'
import type { DemoOptions } from './options.ts'
import { ProgressDisplay, progressOf } from './progress.ts'
import { reportOn, reportTable } from './report.ts'
import type { Report } from './report.ts'

/** Short, so that a fan who walks away does not hold up the demo. Renewals keep the shoppers in. */
const ENTRY_TOKEN_TTL_SECONDS = 5
const LEASE_TTL_SECONDS = 8
/** So many fans on one machine make everything twice as slow, so they get twice the time. */
const FANS_FOR_TWICE_THE_TIME = 2_500
const DISCONNECT_GRACE_SECONDS = 30

const EXIT_BROKEN = 1
const EXIT_NOT_RUN = 2

async function main(): Promise<number> {
  const parsed = parseOptions(process.argv.slice(2), process.env, randomBytes(4).toString('hex'))
  if (!parsed.ok) {
    console.error(`${parsed.error}\n\n${USAGE}`)
    return EXIT_NOT_RUN
  }
  const options = parsed.value
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(options.timeoutSeconds * 1_000)])
  setMaxListeners(0, signal) // Each fan listens.
  return withEvent(options, () => play(options, signal))
}

/** Creates the demo's event, and takes it away again however the run went. */
async function withEvent(options: DemoOptions, run: () => Promise<Report>): Promise<number> {
  // Cleaning up has its own time: it must also work when the run's is over.
  const api = new Api({ ...options, signal: new AbortController().signal })
  try {
    await api.createEvent(eventConfig(options))
  } catch (error) {
    api.close()
    console.error(
      `cannot create the event at ${options.url.origin}: ${messageOf(error)}. Is the server running (npm start)?`,
    )
    return EXIT_NOT_RUN
  }
  try {
    return verdict(await run(), options)
  } finally {
    if (!options.keep) {
      await api
        .closeEvent()
        .then(() => api.deleteEvent())
        .catch((error: unknown) => console.error(`the event ${options.eventId} stays: ${messageOf(error)}`))
    }
    api.close()
  }
}

function leaseTimes({ fans }: DemoOptions): { entryTokenTtlSeconds: number; leaseTtlSeconds: number } {
  const factor = 1 + fans / FANS_FOR_TWICE_THE_TIME
  return {
    entryTokenTtlSeconds: Math.round(ENTRY_TOKEN_TTL_SECONDS * factor),
    leaseTtlSeconds: Math.round(LEASE_TTL_SECONDS * factor),
  }
}

function eventConfig(options: DemoOptions): Readonly<Record<string, unknown>> {
  return {
    ...leaseTimes(options),
    name: `Demo with ${options.fans} fans`,
    capacity: options.capacity,
    maxSessionSeconds: Math.max(60, Math.ceil(options.shopMs.max / 1_000) * 2),
    disconnectGraceSeconds: DISCONNECT_GRACE_SECONDS,
    public: false,
  }
}

async function play(options: DemoOptions, signal: AbortSignal): Promise<Report> {
  const api = new Api({ ...options, signal })
  let joins = 0
  const world: World = {
    api,
    streamUrl: new URL(`/api/v1/events/${options.eventId}/queue/stream`, options.url),
    signal,
    shopMs: options.shopMs,
    leaseTtlMs: leaseTimes(options).leaseTtlSeconds * 1_000,
    nextJoinNumber: () => (joins += 1),
  }
  const startedAtMs = Date.now()
  const display = new ProgressDisplay(options.json ? process.stderr : process.stdout)
  const crowd = await runCrowd(world, assignRoles(options), (live) => {
    const nowMs = Date.now()
    display.show(progressOf(live, startedAtMs, nowMs), nowMs)
  })
  api.close()
  return reportOn(crowd, options.capacity, Date.now() - startedAtMs)
}

function verdict(report: Report, options: DemoOptions): number {
  console.log(options.json ? JSON.stringify(report, null, 2) : `\n${reportTable(report)}\n`)
  for (const line of report.broken) console.error(`BROKEN  ${line}`)
  if (report.broken.length > 0) return EXIT_BROKEN
  if (!options.json) console.log('Every promise was kept.')
  return 0
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error)
}

process.exitCode = await main()
