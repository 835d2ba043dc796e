/** What a position costs on its way to the streams, beside the same bytes written to bare streams. */
import { setTimeout as sleep } from 'node:timers/promises'
import { InsideClient } from '../client/inside-client.ts'
import { StreamCrowd, streamRequest } from '../client/stream-crowd.ts'
import { untilPhase } from '../measure/grid.ts'
import { orderOfRound, ratioSpread, spreadOf } from '../measure/spread.ts'
import type { Row, Target } from '../row.ts'
import type { Subject } from '../runtime/subject.ts'
import { withSubjects, type BenchPath, type World } from '../world.ts'

type Plan = {
  readonly path: string
  readonly what: string
  readonly streams: number
  /** Waiting ahead of the streams. */
  readonly ahead: number
  /** Of those ahead, at each tick; with one, every position behind has changed. */
  readonly leaving: number
  readonly unit: 'us CPU' | 'ms CPU'
  readonly target: Target
}

const EVENT = 'frames'
const TICKS = 5
const QUICK_TICKS = 2
/** When those ahead leave, and when measuring begins, after a whole second: the tick comes at the next one. */
const LEAVE_PHASE_MS = 500
const START_PHASE_MS = 750
const QUIET_MS = 50
/** What follows the last write, such as the rows of the next alarm. */
const SETTLE_MS = 60
const HEARD_WITHIN_MS = 20_000
/** `\r\n` after the size and after the data of a chunk, and the size. */
const CHUNK_FRAMING_BYTES = 7

/** One side: its streams, and what makes all of them hear something at the next whole second. */
type Side = {
  readonly subject: Subject
  readonly crowd: StreamCrowd
  readonly prepare: () => Promise<void>
  readonly fire: () => Promise<void>
  readonly cpuMsPerTick: number[]
}

function framesPath(plan: Plan): BenchPath {
  return { name: plan.path, run: (world) => runPlan(plan, world) }
}

async function runPlan(plan: Plan, world: World): Promise<Row[]> {
  const { rounds, quick } = world.options
  const ticks = quick ? QUICK_TICKS : TICKS
  return withSubjects(world, ['inside', 'floor'], async (usherSubject, floorSubject) => {
    if (usherSubject === undefined || floorSubject === undefined) throw new Error('nothing was started')
    const usher = await usherSide(plan, usherSubject, world)
    await measureTick(usher)
    const { bytes } = await measureTick(usher)
    const floor = await floorSide(plan, floorSubject, bytes)
    await measureTick(floor)
    for (const side of [usher, floor]) side.cpuMsPerTick.length = 0
    for (let round = 1; round <= rounds; round += 1) {
      for (const side of orderOfRound(round, usher, floor)) await measureRound(side, ticks)
      world.say(`${plan.path}: round ${round} of ${rounds}, ${usher.cpuMsPerTick.at(-1)?.toFixed(0)} ms`)
    }
    await world.profiles.take(plan.path, usherSubject, () => measureRound(usher, ticks))
    usher.crowd.close()
    floor.crowd.close()
    return [rowOf(plan, usher, floor, bytes, rounds)]
  })
}

async function usherSide(plan: Plan, subject: Subject, { backend }: World): Promise<Side> {
  const client = new InsideClient(subject.url, backend.variables)
  await client.event(EVENT)
  await client.join(EVENT, 0, plan.ahead)
  const guests = await client.guests(plan.streams)
  await client.joinNamed(
    EVENT,
    guests.map(({ userId }) => userId),
  )
  const requests = guests.map(({ token }) => streamRequest(`/api/v1/events/${EVENT}/queue/stream`, token))
  const crowd = await StreamCrowd.open(subject.url, requests)
  let left = 0
  return {
    subject,
    crowd,
    prepare: async () => {
      await untilPhase(LEAVE_PHASE_MS)
      await client.leave(EVENT, left, left + plan.leaving)
      left += plan.leaving
    },
    // The line's own alarm does it.
    fire: async () => {},
    cpuMsPerTick: [],
  }
}

async function floorSide(plan: Plan, subject: Subject, bytes: number): Promise<Side> {
  const requests = Array.from({ length: plan.streams }, () => streamRequest(`/stream?bytes=${bytes}`))
  const crowd = await StreamCrowd.open(subject.url, requests)
  return {
    subject,
    crowd,
    prepare: async () => {},
    fire: async () => {
      await untilPhase(0)
      await fetch(`${subject.url}/write?bytes=${bytes}`, { method: 'POST' })
    },
    cpuMsPerTick: [],
  }
}

async function measureRound(side: Side, ticks: number): Promise<void> {
  let totalMs = 0
  for (let tick = 0; tick < ticks; tick += 1) totalMs += (await measureTick(side)).cpuMs
  side.cpuMsPerTick.push(totalMs / ticks)
}

/**
 * CPU of the runtime from before the tick until every stream has heard of it, and the bytes that one write had in the
 * mean: some hear a heartbeat in the same write.
 */
async function measureTick({
  subject,
  crowd,
  prepare,
  fire,
}: Side): Promise<{ cpuMs: number; bytes: number }> {
  do {
    await prepare()
    await untilPhase(START_PHASE_MS)
    // A machine that is slow may still be busy with the tick before: that one's frames are not to be counted.
  } while (performance.now() - crowd.lastAtMs < QUIET_MS)
  const before = { cpuMs: subject.cpuMs(), bytes: crowd.bytes, chunks: crowd.chunks }
  await fire()
  await crowd.until(() => crowd.chunks >= before.chunks + crowd.size, HEARD_WITHIN_MS)
  const bytes = (crowd.bytes - before.bytes) / (crowd.chunks - before.chunks)
  await sleep(SETTLE_MS)
  return { cpuMs: subject.cpuMs() - before.cpuMs, bytes: Math.round(bytes) - CHUNK_FRAMING_BYTES }
}

function rowOf(plan: Plan, usher: Side, floor: Side, bytes: number, rounds: number): Row {
  const scale = plan.unit === 'us CPU' ? 1_000 / plan.streams : 1
  const [ours, theirs] = [usher, floor].map(({ cpuMsPerTick }) =>
    cpuMsPerTick.slice(0, rounds).map((ms) => ms * scale),
  )
  return {
    path: plan.path,
    what: plan.what,
    place: 'inside',
    unit: plan.unit,
    usher: spreadOf(ours ?? []),
    floor: { what: 'the same bytes to as many bare streams', value: spreadOf(theirs ?? []) },
    ratio: ratioSpread(ours ?? [], theirs ?? []),
    target: plan.target,
    notes: [
      `${plan.streams} streams, ${bytes} bytes each, ${plan.ahead} waiting ahead, ${plan.leaving} leaving`,
    ],
  }
}

const FRAME_TARGET: Target = { of: 'ratio', kind: 'at most', limit: 1.3 }

export const frames1000Path = framesPath({
  path: 'frames-1000',
  what: 'one position to one stream',
  streams: 1_000,
  ahead: 200,
  leaving: 1,
  unit: 'us CPU',
  target: FRAME_TARGET,
})

export const frames5000Path = framesPath({
  path: 'frames-5000',
  what: 'one position to one stream',
  streams: 5_000,
  ahead: 200,
  leaving: 1,
  unit: 'us CPU',
  target: FRAME_TARGET,
})

export const tickStreamsPath = framesPath({
  path: 'tick-streams',
  what: 'tick with positions for 5,000 streams, 100,000 waiting, 1 % leaving',
  streams: 5_000,
  ahead: 95_000,
  leaving: 1_000,
  unit: 'ms CPU',
  target: { of: 'ratio', kind: 'at most', limit: 1.5 },
})
