/** A thousand at once: from the operator's word that there is room to the last client's token, and how long that can go on. */
import { setTimeout as sleep } from 'node:timers/promises'
import { InsideClient } from '../client/inside-client.ts'
import { StreamCrowd, streamRequest } from '../client/stream-crowd.ts'
import { untilPhase } from '../measure/grid.ts'
import { orderOfRound, ratioSpread, spreadOf } from '../measure/spread.ts'
import type { Row } from '../row.ts'
import type { Subject } from '../runtime/subject.ts'
import { withSubjects, type BenchPath, type World } from '../world.ts'

const BATCH = 1_000
const HEARD_WITHIN_MS = 30_000
/** Far from the ticks, which have work of their own. */
const QUIET_PHASE_MS = 300
const CHUNK_FRAMING_BYTES = 7

/** Runs the part that counts, under whatever eyes. */
type Observe = (work: () => Promise<void>) => Promise<void>
type Measured = { readonly ms: number[]; readonly cpuMs: number[] }

export const promotePath: BenchPath = { name: 'promote', run: (world) => run(world) }

async function run(world: World): Promise<Row[]> {
  const { rounds } = world.options
  return withSubjects(world, ['inside', 'floor'], async (usherSubject, floorSubject) => {
    if (usherSubject === undefined || floorSubject === undefined) throw new Error('nothing was started')
    const usher = measured()
    const floor = measured()
    const bytes = await promoteOnce(usherSubject, world, 'batch-warm', measured())
    const bare = await bareStreams(floorSubject, bytes)
    await batchOnce(floorSubject, bare, bytes, measured())
    for (let round = 1; round <= rounds; round += 1) {
      for (const side of orderOfRound(round, usher, floor)) {
        if (side === usher) await promoteOnce(usherSubject, world, `batch-${round}`, usher)
        else await batchOnce(floorSubject, bare, bytes, floor)
      }
      world.say(`promote: round ${round} of ${rounds}, ${usher.ms.at(-1)?.toFixed(0)} ms`)
    }
    if (world.options.profile) {
      await promoteOnce(usherSubject, world, 'batch-profile', measured(), (work) =>
        world.profiles.take('promote', usherSubject, work),
      )
    }
    bare.close()
    return rowsOf(usher, floor, bytes)
  })
}

/** Answers how many bytes a promotion has. */
async function promoteOnce(
  subject: Subject,
  world: World,
  eventId: string,
  into: Measured,
  observe: Observe = (work) => work(),
): Promise<number> {
  const client = new InsideClient(subject.url, world.backend.variables)
  await openLine(client, eventId)
  const guests = await client.guests(BATCH)
  await client.joinNamed(
    eventId,
    guests.map(({ userId }) => userId),
  )
  const path = `/api/v1/events/${eventId}/queue/stream`
  const crowd = await StreamCrowd.open(
    subject.url,
    guests.map(({ token }) => streamRequest(path, token)),
  )
  await untilPhase(QUIET_PHASE_MS)
  const beforeMs = subject.cpuMs()
  const startedAtMs = performance.now()
  await observe(async () => {
    await client.operator('PATCH', `events/${eventId}`, { capacity: BATCH + 1 })
    await crowd.until(() => crowd.promotions >= BATCH, HEARD_WITHIN_MS)
  })
  into.ms.push(crowd.lastAtMs - startedAtMs)
  into.cpuMs.push(subject.cpuMs() - beforeMs)
  const bytes = crowd.lastBytes - CHUNK_FRAMING_BYTES
  crowd.close()
  return bytes
}

/** An event whose pool has been used: what a pool's first lease costs comes once in an event's life. */
export async function openLine(client: InsideClient, eventId: string): Promise<void> {
  await client.event(eventId, { capacity: 1, batchSizeMax: 100_000 })
  await client.joinNamed(eventId, ['first'])
  await untilAdmitted(client, eventId, 1)
}

/** Room for so many besides the first of `openLine`; resolves when all of them are admitted. */
export async function makeRoom(client: InsideClient, eventId: string, count: number): Promise<void> {
  await client.operator('PATCH', `events/${eventId}`, { capacity: count + 1 })
  await untilAdmitted(client, eventId, count + 1)
}

/** Asked often enough to know the moment within a few milliseconds, and seldom enough to cost little. */
async function untilAdmitted(client: InsideClient, eventId: string, count: number): Promise<void> {
  const deadlineMs = performance.now() + HEARD_WITHIN_MS
  for (;;) {
    const { admittedTotal } = await client.operator('GET', `events/${eventId}`)
    if (Number(admittedTotal) >= count) return
    if (performance.now() > deadlineMs)
      throw new Error(`${eventId}: ${String(admittedTotal)} of ${count} admitted`)
    await sleep(10)
  }
}

function bareStreams(subject: Subject, bytes: number): Promise<StreamCrowd> {
  const requests = Array.from({ length: BATCH }, () => streamRequest(`/stream?bytes=${bytes}`))
  return StreamCrowd.open(subject.url, requests)
}

async function batchOnce(subject: Subject, crowd: StreamCrowd, bytes: number, into: Measured): Promise<void> {
  await untilPhase(QUIET_PHASE_MS)
  const heard = crowd.chunks + BATCH
  const beforeMs = subject.cpuMs()
  const startedAtMs = performance.now()
  const answer = await fetch(`${subject.url}/batch?count=${BATCH}&bytes=${bytes}`, { method: 'POST' })
  if (!answer.ok) throw new Error(`the floor's batch answered ${answer.status}`)
  await crowd.until(() => crowd.chunks >= heard, HEARD_WITHIN_MS)
  into.ms.push(crowd.lastAtMs - startedAtMs)
  into.cpuMs.push(subject.cpuMs() - beforeMs)
}

function measured(): Measured {
  return { ms: [], cpuMs: [] }
}

function rowsOf(usher: Measured, floor: Measured, bytes: number): Row[] {
  const floorWhat = 'one script call of 1,000 leases, 1,000 frames'
  return [
    {
      path: 'promote',
      what: 'promote 1,000, to the last client that has its token',
      place: 'inside',
      unit: 'ms',
      usher: spreadOf(usher.ms),
      floor: { what: floorWhat, value: spreadOf(floor.ms) },
      ratio: ratioSpread(usher.ms, floor.ms),
      target: { of: 'ratio', kind: 'at most', limit: 2 },
      notes: [`1,000 streams, ${bytes} bytes each; wall time from the request that makes room`],
    },
    {
      path: 'promote',
      what: 'the same, CPU of the runtime',
      place: 'inside',
      unit: 'ms CPU',
      usher: spreadOf(usher.cpuMs),
      floor: { what: floorWhat, value: spreadOf(floor.cpuMs) },
      ratio: ratioSpread(usher.cpuMs, floor.cpuMs),
    },
  ]
}

const SUSTAINED = 20_000
const QUICK_SUSTAINED = 5_000
/** The mean round trip of a Redis service in the same region, as the target has it. */
const ADDED_MS = 2.4

export const promoteRatePath: BenchPath = { name: 'promote-rate', run: (world) => runRates(world) }

async function runRates(world: World): Promise<Row[]> {
  const { rounds, quick } = world.options
  const { front } = world.backend
  if (front === null) throw new Error('promote-rate delays Redis, which it can only do to a local one')
  const count = quick ? QUICK_SUSTAINED : SUSTAINED
  return withSubjects(world, ['inside'], async (subject) => {
    if (subject === undefined) throw new Error('nothing was started')
    const client = new InsideClient(subject.url, world.backend.variables)
    const plain: number[] = []
    const delayed: number[] = []
    await rateOnce(client, 'rate-warm', QUICK_SUSTAINED)
    for (let round = 1; round <= rounds; round += 1) {
      for (const side of orderOfRound(round, plain, delayed)) {
        front.faults.set({ delayMs: side === delayed ? ADDED_MS : 0 })
        const eventId = `${side === delayed ? 'rate-delayed' : 'rate'}-${round}`
        side.push(await rateOnce(client, eventId, count))
        front.faults.clear()
      }
      world.say(`promote-rate: round ${round} of ${rounds}, ${plain.at(-1)?.toFixed(0)} a second`)
    }
    await world.profiles.take('promote-rate', subject, () => rateOnce(client, 'rate-profile', count))
    return ratesRows(plain, delayed, count)
  })
}

/** Promoted in a second, from the request that makes room until the line has admitted all. */
async function rateOnce(client: InsideClient, eventId: string, count: number): Promise<number> {
  await openLine(client, eventId)
  await client.join(eventId, 0, count)
  await untilPhase(QUIET_PHASE_MS)
  const startedAtMs = performance.now()
  await makeRoom(client, eventId, count)
  return (count / (performance.now() - startedAtMs)) * 1_000
}

function ratesRows(plain: readonly number[], delayed: readonly number[], count: number): Row[] {
  const common = { path: 'promote-rate', place: 'inside', unit: 'per second' } as const
  return [
    {
      ...common,
      what: 'promoted a second, one event, batches of 1,000',
      usher: spreadOf(plain),
      target: { of: 'value', kind: 'at least', limit: 10_000 },
      notes: [`${count} waiting, no streams`],
    },
    {
      ...common,
      what: `the same with ${ADDED_MS} ms added to every Redis call`,
      usher: spreadOf(delayed),
      floor: { what: 'without', value: spreadOf(plain) },
      ratio: ratioSpread(delayed, plain),
      target: { of: 'ratio', kind: 'at least', limit: 0.8 },
    },
  ]
}
