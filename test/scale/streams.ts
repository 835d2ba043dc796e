/**
 * One event with many streams and many more who wait, on this machine: how late its streams are told, at what cost, and
 * how long it takes until thousands that were broken off are back. Stops by itself.
 *
 *   npm run test:scale:streams -- --streams 15000 --waiting 100000 --reconnect 10000 --seconds 30
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { guestTokens, memoryMb } from '../overload/crowd.ts'
import { RawClient } from '../overload/raw-http.ts'
import { pause, startTestUsher, type TestUsher } from '../support/usher.ts'
import { InsideReaders, readersProject } from './inside-readers.ts'
import { cpuMsOf } from './process-time.ts'
import { StreamCrowd } from './stream-crowd.ts'
import { lagTable, merged, rateTable, type MergedFigures } from './stream-tables.ts'
import { lagWithinMs, tickLagBuckets } from './tick-lag.ts'
import { joinAll, leaveOneBySecond, polledPosition, streamsOf, untilStreams } from './waiting-crowd.ts'

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '15000' },
    waiting: { type: 'string', default: '100000' },
    reconnect: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '30' },
    sockets: { type: 'string', default: '9500' },
    processes: { type: 'string', default: '2' },
  },
})
const STREAMS = Number(values.streams)
const WAITING = Number(values.waiting)
const RECONNECT = Number(values.reconnect)
const SECONDS = Number(values.seconds)
/** Streams over sockets; the others are read inside of the runtime. */
const SOCKETS = Math.min(STREAMS, Number(values.sockets))

/** So many stand before the first stream and leave one by one, so that every position changes each second. */
const LEAVING = SECONDS + 60
/** Whatever happens, this process and what it started end by then. */
const LIMIT_MS = 10 * 60_000
const SETTLED_WITHIN_MS = 20_000
const TICK_LAG_P99_MS_MAX = 500

const failures: string[] = []

type Listeners = {
  readonly usher: TestUsher
  readonly eventId: string
  readonly crowd: StreamCrowd
  readonly staying: InsideReaders
  /** Those inside that are broken off together with connections. */
  readonly returning: InsideReaders
}

async function run(usher: TestUsher, crowd: StreamCrowd): Promise<void> {
  const eventId = await usher.api.event({ capacity: 0, disconnectGraceSeconds: 3_600 })
  const tokens = await guestTokens(usher, WAITING)
  const [leaving, listening] = [tokens.slice(0, LEAVING), tokens.slice(LEAVING, LEAVING + STREAMS)]
  await timed('joined', WAITING, async () => {
    // In this order, so that those with streams are the first after those who leave.
    for (const some of [leaving, listening, tokens.slice(LEAVING + STREAMS)])
      await joinAll(usher, eventId, some)
  })
  const [overSockets, inside] = [listening.slice(0, SOCKETS), listening.slice(SOCKETS)]
  const returning = Math.max(0, RECONNECT - SOCKETS)
  const listeners: Listeners = {
    usher,
    eventId,
    crowd,
    staying: new InsideReaders(usher.url, eventId, inside.slice(returning)),
    returning: new InsideReaders(usher.url, eventId, inside.slice(0, returning)),
  }
  await timed('streams opened over sockets', SOCKETS, () => crowd.open(usher.url, eventId, overSockets))
  await timed('streams opened inside', STREAMS - SOCKETS, async () => {
    await Promise.all([listeners.staying.open(), listeners.returning.open()])
  })
  print('streams of the event, descriptors of workerd', [await streamsOf(usher, eventId), descriptors(usher)])
  const stopLeaving = leaveOneBySecond(usher, eventId, leaving)
  await steady(listeners)
  await reconnected(listeners)
  await stopLeaving()
  await truth(listeners, overSockets)
}

/** Every position changes each second: who is told how late, and what it costs. */
async function steady(listeners: Listeners): Promise<void> {
  const { usher, crowd, eventId } = listeners
  await pause(5_000)
  const pid = usher.runtime.workerdPid() ?? 0
  await beginMeasure(listeners)
  const [serverBeforeMs, clientsBeforeMs] = [cpuMsOf([pid]), cpuMsOf(crowd.pids)]
  const ticksBefore = await tickLagBuckets(usher, eventId)
  const startedAtMs = performance.now()
  await pause(SECONDS * 1_000)
  const seconds = (performance.now() - startedAtMs) / 1_000
  const serverCores = (cpuMsOf([pid]) - serverBeforeMs) / 1_000 / seconds
  const clientCores = (cpuMsOf(crowd.pids) - clientsBeforeMs) / 1_000 / seconds
  const figures = await figuresOf(listeners)
  const all = Object.values(figures.messages).reduce((sum, count) => sum + count, 0)
  print('messages a second', [Math.round(all / seconds), JSON.stringify(figures.messages)])
  console.table(lagTable(figures))
  console.table(rateTable(figures, seconds))
  print('cores of workerd, of the clients over sockets; resident MB of workerd', [
    serverCores.toFixed(2),
    clientCores.toFixed(2),
    memoryMb(usher),
  ])
  const ticksAfter = await tickLagBuckets(usher, eventId)
  const [p50Ms, p99Ms] = [0.5, 0.99].map((share) => lagWithinMs(ticksBefore, ticksAfter, share))
  print('tick lag of the line, ms, at most: p50, p99', [p50Ms ?? Infinity, p99Ms ?? Infinity])
  if ((p99Ms ?? Infinity) > TICK_LAG_P99_MS_MAX) failures.push(`tick lag p99 ${p99Ms} ms`)
  if (figures.grown > 0) failures.push(`INV-8: ${figures.grown} positions grew`)
}

async function reconnected(listeners: Listeners): Promise<void> {
  const { usher, crowd, eventId, returning } = listeners
  await beginMeasure(listeners)
  const startedAtMs = performance.now()
  const longestMs = await crowd.longestRetryMs()
  const back = await Promise.all([
    crowd.reconnect(Math.min(RECONNECT, SOCKETS)),
    returning.reconnect(longestMs),
  ])
  const afterMs = back.flat().toSorted((a, b) => a - b)
  await untilStreams(usher, eventId, STREAMS)
  const settledMs = Math.round(performance.now() - startedAtMs)
  print(`${afterMs.length} broken off; longest retry told; back after ms: p50, p99, last; all counted`, [
    longestMs,
    Math.round(afterMs[Math.floor(afterMs.length * 0.5)] ?? 0),
    Math.round(afterMs[Math.floor(afterMs.length * 0.99)] ?? 0),
    Math.round(afterMs.at(-1) ?? 0),
    settledMs,
  ])
  await pause(6_000)
  const figures = await figuresOf(listeners)
  const ended = figures.messages['end'] ?? 0
  print('then: streams, refused openings, streams ended, positions that grew', [
    await streamsOf(usher, eventId),
    figures.refused,
    ended,
    figures.grown,
  ])
  if (settledMs > SETTLED_WITHIN_MS) failures.push(`settled after ${settledMs} ms`)
  if (figures.grown > 0 || ended > 0) failures.push('a place was lost')
}

/** When nobody leaves any more, all are shown different positions, and each the one that a poll answers. */
async function truth({ usher, crowd, eventId }: Listeners, tokens: readonly string[]): Promise<void> {
  await pause(16_000)
  const positions = merged(await crowd.figures()).told.map(({ position }) => position)
  const polling = new RawClient(usher.url)
  let wrong = 0
  for (let index = 0; index < tokens.length; index += Math.ceil(tokens.length / 200)) {
    if ((await polledPosition(polling, eventId, tokens[index] ?? '')) !== positions[index]) wrong += 1
  }
  polling.close()
  print('different positions shown over sockets; of 200 compared with a poll, wrong', [
    new Set(positions).size,
    wrong,
  ])
  if (new Set(positions).size !== tokens.length || wrong > 0) failures.push('INV-8: a position is not true')
}

async function beginMeasure({ crowd, staying, returning }: Listeners): Promise<void> {
  staying.beginMeasure()
  returning.beginMeasure()
  await crowd.beginMeasure()
}

async function figuresOf({ crowd, staying, returning }: Listeners): Promise<MergedFigures> {
  return merged([...(await crowd.figures()), staying.figures(), returning.figures()])
}

function descriptors(usher: TestUsher): number {
  return readdirSync(`/proc/${usher.runtime.workerdPid() ?? 0}/fd`).length
}

async function timed(what: string, count: number, work: () => Promise<void>): Promise<void> {
  const startedAtMs = performance.now()
  await work()
  const seconds = (performance.now() - startedAtMs) / 1_000
  print(what, [count, `${seconds.toFixed(1)} s`, `${Math.round(count / seconds)} a second`])
}

function print(what: string, figures: readonly (string | number)[]): void {
  console.log(`${what}: ${figures.join(', ')}`)
}

const limit = setTimeout(() => {
  console.error(`not done within ${LIMIT_MS / 60_000} minutes`)
  process.exit(1)
}, LIMIT_MS)
const crowd = new StreamCrowd(Number(values.processes))
const directory = mkdtempSync(join(tmpdir(), 'usher-streams-'))
const usher = await startTestUsher({}, join(directory, 'state'), {
  root: readersProject(join(directory, 'project')),
  bundleDir: join(directory, 'bundle'),
  direct: true,
})
try {
  await run(usher, crowd)
} finally {
  crowd.close()
  await usher.stop()
  rmSync(directory, { recursive: true, force: true })
  clearTimeout(limit)
}
for (const failure of failures) console.error(`MISSED: ${failure}`)
process.exitCode = failures.length === 0 ? 0 : 1
