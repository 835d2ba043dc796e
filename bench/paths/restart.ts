/** An object that starts again with everybody still waiting, beside the mere reading of their rows. */
import { setTimeout as sleep } from 'node:timers/promises'
import { InsideClient } from '../client/inside-client.ts'
import { untilPhase } from '../measure/grid.ts'
import { ratioSpread, spreadOf } from '../measure/spread.ts'
import type { Row } from '../row.ts'
import { withSubjects, type BenchPath, type World } from '../world.ts'

const EVENT = 'restart'
const WAITING = 100_000
/** Between two ticks: an alarm would wake the object before it is asked. */
const END_PHASE_MS = 150
const SETTLE_MS = 300

export const restartPath: BenchPath = { name: 'restart', run: (world) => run(world) }

async function run(world: World): Promise<Row[]> {
  const { rounds } = world.options
  return withSubjects(world, ['inside'], async (subject) => {
    if (subject === undefined) throw new Error('nothing was started')
    const client = new InsideClient(subject.url, world.backend.variables)
    await client.event(EVENT)
    await client.join(EVENT, 0, WAITING)
    const restartMs: number[] = []
    const readMs: number[] = []
    for (let round = 0; round <= rounds; round += 1) {
      restartMs.push(await restartOnce(client, EVENT, WAITING))
      await sleep(SETTLE_MS)
      readMs.push(await elapsedMs(() => client.read(EVENT)))
      world.say(`restart: round ${round} of ${rounds}, ${restartMs.at(-1)?.toFixed(0)} ms`)
    }
    await world.profiles.take('restart', subject, () => restartOnce(client, EVENT, WAITING))
    // The first round warms both.
    return [rowOf(restartMs.slice(1, rounds + 1), readMs.slice(1, rounds + 1))].flat()
  })
}

/** From the first question after the end of the object to the answer, which needs the rows. */
export async function restartOnce(client: InsideClient, eventId: string, expected: number): Promise<number> {
  await untilPhase(END_PHASE_MS)
  await client.end(eventId)
  return elapsedMs(async () => {
    const response = await fetch(`${client.url}/api/v1/events/${eventId}`)
    const { waiting } = (await response.json()) as { waiting: number }
    if (waiting !== expected) throw new Error(`${waiting} of ${expected} are waiting after the restart`)
  })
}

async function elapsedMs(work: () => Promise<void>): Promise<number> {
  const startedAtMs = performance.now()
  await work()
  return performance.now() - startedAtMs
}

function rowOf(restartMs: readonly number[], readMs: readonly number[]): Row[] {
  const row = {
    path: 'restart',
    what: 'an object starts again with 100,000 waiting',
    place: 'inside',
    unit: 'ms',
    usher: spreadOf(restartMs),
  } as const
  return [
    {
      ...row,
      floor: { what: 'reading the rows', value: spreadOf(readMs) },
      ratio: ratioSpread(restartMs, readMs),
      target: { of: 'ratio', kind: 'at most', limit: 1.5 },
      notes: ['wall time, from the first request to its answer'],
    },
    { ...row, what: 'the same, as it is', target: { of: 'value', kind: 'at most', limit: 1_000 } },
  ]
}
