/** Cost as the line grows: the same acts with ten and with a hundred thousand waiting. */
import { requestBytes } from '../client/http-lane.ts'
import { InsideClient } from '../client/inside-client.ts'
import { OpenLoop } from '../client/open-loop.ts'
import { untilPhase } from '../measure/grid.ts'
import { spreadOf, type Spread } from '../measure/spread.ts'
import { restartOnce } from '../paths/restart.ts'
import { makeRoom, openLine } from '../paths/promote.ts'
import type { Subject } from '../runtime/subject.ts'
import { withSubjects, type World } from '../world.ts'
import { bytesPerWaiting } from './memory.ts'

export type GrowthPoint = {
  readonly waiting: number
  readonly joinUs: Spread
  readonly tickMs: Spread
  readonly restartMs: Spread
  /** CPU of the runtime for each, all of them promoted at once. */
  readonly promoteUs: Spread
  readonly bytesPerWaiting: Spread
}

const SIZES = [10, 100, 1_000, 10_000, 100_000]
const QUICK_SIZES = [10, 1_000, 100_000]
const JOINS = 300
const JOINS_PER_SECOND = 300
const TICKS = 200
const QUIET_PHASE_MS = 200
const EVENT = 'grown'

/** A process of its own for each size, so that no size pays for another's garbage. */
export async function measureGrowth(world: World): Promise<GrowthPoint[]> {
  const points: GrowthPoint[] = []
  for (const waiting of world.options.quick ? QUICK_SIZES : SIZES) {
    points.push(
      await withSubjects(world, ['inside'], async (subject) => {
        if (subject === undefined) throw new Error('nothing was started')
        return measureSize(subject, world, waiting)
      }),
    )
    world.say(`plot: ${waiting} waiting`)
  }
  return points
}

async function measureSize(subject: Subject, world: World, waiting: number): Promise<GrowthPoint> {
  const client = new InsideClient(subject.url, world.backend.variables)
  const rounds = Array.from({ length: world.options.rounds }, (_, round) => round)
  await client.event(EVENT)
  await client.join(EVENT, 0, waiting)
  const restartMs = await measured(rounds, () => restartOnce(client, EVENT, waiting))
  const tickMs = await measured(rounds, async () => {
    await client.poll(EVENT, 0, waiting)
    return cpuMsOf(subject, () => client.ticks(EVENT, TICKS)).then((ms) => ms / TICKS)
  })
  const joinUs = await measureJoins(subject, client, waiting, rounds)
  const promoteUs = await measured(rounds, (round) =>
    promoteAll(subject, client, waiting, `promoted-${waiting}-${round}`),
  )
  const bytes = rounds.map(() => bytesPerWaiting(waiting))
  return {
    waiting,
    joinUs,
    tickMs,
    restartMs,
    promoteUs,
    bytesPerWaiting: spreadOf(bytes),
  }
}

async function measureJoins(
  subject: Subject,
  client: InsideClient,
  waiting: number,
  rounds: readonly number[],
): Promise<Spread> {
  const loop = await OpenLoop.open(subject.url)
  const path = `/api/v1/events/${EVENT}/queue`
  const joins = await measured([-1, ...rounds], async () => {
    const guests = await client.guests(JOINS)
    const requests = guests.map(({ token }) => requestBytes('POST', path, { token }))
    await client.poll(EVENT, 0, waiting)
    await loop.reconnect()
    await untilPhase(QUIET_PHASE_MS)
    const ms = await cpuMsOf(subject, () =>
      loop.run({ perSecond: JOINS_PER_SECOND, requests, expectedStatus: 201 }),
    )
    return (ms * 1_000) / JOINS
  })
  loop.close()
  return joins
}

async function promoteAll(
  subject: Subject,
  client: InsideClient,
  waiting: number,
  eventId: string,
): Promise<number> {
  await openLine(client, eventId)
  await client.join(eventId, 0, waiting)
  await untilPhase(QUIET_PHASE_MS)
  const ms = await cpuMsOf(subject, () => makeRoom(client, eventId, waiting))
  return (ms * 1_000) / waiting
}

async function measured(
  rounds: readonly number[],
  measure: (round: number) => Promise<number>,
): Promise<Spread> {
  const values: number[] = []
  for (const round of rounds) {
    const value = await measure(round)
    // A round before the first one warms.
    if (round >= 0) values.push(value)
  }
  return spreadOf(values)
}

async function cpuMsOf(subject: Subject, work: () => Promise<unknown>): Promise<number> {
  const beforeMs = subject.cpuMs()
  await work()
  return subject.cpuMs() - beforeMs
}
