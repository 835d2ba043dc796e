/** `usher load`: a crowd against a running server, and the verdict. */
import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { Call, Command } from '../command.ts'
import { EXIT, interrupted, messageOf } from '../exit.ts'
import type { ExitCode } from '../exit.ts'
import type { Io } from '../io.ts'
import { Api } from '../load/api-client.ts'
import { assignRoles, runCrowd } from '../load/crowd.ts'
import type { World } from '../load/fan.ts'
import { LOAD_OPTIONS, loadOptions } from '../load/options.ts'
import type { LoadOptions } from '../load/options.ts'
import { ProgressDisplay, progressOf } from '../load/progress.ts'
import { reportOn, reportTable } from '../load/report.ts'
import type { Report } from '../load/report.ts'
import { eventPath } from '../server/events.ts'
import { Server } from '../server/server.ts'

/** Short, so that a fan who walks away does not hold up the run. Renewals keep the shoppers in. */
const ENTRY_TOKEN_TTL_SECONDS = 5
const LEASE_TTL_SECONDS = 8
/** So many fans on one machine make everything twice as slow, so they get twice the time. */
const FANS_FOR_TWICE_THE_TIME = 2_500
const DISCONNECT_GRACE_SECONDS = 30
/** The operator's few calls, at a server that may be busy with the crowd. */
const OPERATOR_TIMEOUT_MS = 15_000

export const loadCommand: Command = {
  name: 'load',
  summary: 'Send a crowd through the room on this machine and check every promise.',
  detail: [
    'Fans join over HTTP and follow their streams; some leave, some lose their connection and come',
    'back, some are let in and walk away. Ends with 1 when a promise was broken.',
  ],
  takes: [],
  options: LOAD_OPTIONS,
  examples: ['usher load --fans 500 --capacity 50', 'usher load --fans 100 --json'],
  async run(call) {
    const options = await loadOptions(call, randomBytes(4).toString('hex'))
    const { signal } = call.io
    const runSignal = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutSeconds * 1_000)])
    setMaxListeners(0, runSignal) // Each fan listens.
    const report = await withEvent(options, call.io, () => play(options, call, runSignal))
    // What a crowd that was sent home has seen is no verdict.
    if (signal.aborted) throw interrupted()
    return verdict(call, report)
  },
}

/** Creates the event, and takes it away again however the run went. */
async function withEvent(options: LoadOptions, { err }: Io, run: () => Promise<Report>): Promise<Report> {
  const { url, adminKey, eventId, keep } = options
  // Cleaning up has its own time: it must also work when the run's is over.
  const signal = new AbortController().signal
  const server = new Server({ url, key: adminKey, timeoutMs: OPERATOR_TIMEOUT_MS, signal })
  const path = eventPath(eventId)
  await server.call('PUT', path, eventConfig(options))
  try {
    return await run()
  } finally {
    if (!keep) {
      await server
        .call('POST', `${path}/close`, {})
        .then(() => server.call('DELETE', path))
        .catch((error: unknown) => err(`usher: the event ${eventId} stays: ${messageOf(error)}`))
    }
  }
}

function leaseTimes({ fans }: LoadOptions): { entryTokenTtlSeconds: number; leaseTtlSeconds: number } {
  const factor = 1 + fans / FANS_FOR_TWICE_THE_TIME
  return {
    entryTokenTtlSeconds: Math.round(ENTRY_TOKEN_TTL_SECONDS * factor),
    leaseTtlSeconds: Math.round(LEASE_TTL_SECONDS * factor),
  }
}

function eventConfig(options: LoadOptions): Readonly<Record<string, unknown>> {
  return {
    ...leaseTimes(options),
    name: `Demo with ${options.fans} fans`,
    capacity: options.capacity,
    maxSessionSeconds: Math.max(60, Math.ceil(options.shopMs.max / 1_000) * 2),
    disconnectGraceSeconds: DISCONNECT_GRACE_SECONDS,
    public: false,
  }
}

async function play(options: LoadOptions, { io, isJson }: Call, signal: AbortSignal): Promise<Report> {
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
  const display = new ProgressDisplay(isJson ? io.stderr : io.stdout)
  const crowd = await runCrowd(world, assignRoles(options), (live) => {
    const nowMs = Date.now()
    display.show(progressOf(live, startedAtMs, nowMs), nowMs)
  })
  api.close()
  return reportOn(crowd, options.capacity, Date.now() - startedAtMs)
}

function verdict({ io, isJson }: Call, report: Report): ExitCode {
  io.out(isJson ? JSON.stringify(report) : `\n${reportTable(report)}\n`)
  for (const line of report.broken) io.err(`BROKEN  ${line}`)
  if (report.broken.length > 0) return EXIT.failed
  if (!isJson) io.out('Every promise was kept.')
  return EXIT.ok
}
