/** The watchdog's round over a thousand events. */
import { UsherClient } from '../client/usher-client.ts'
import { orderOfRound, ratioSpread, spreadOf } from '../measure/spread.ts'
import type { Row } from '../row.ts'
import type { Subject } from '../runtime/subject.ts'
import { withSubjects, type BenchPath, type World } from '../world.ts'

const EVENTS = 1_000
const CREATING = 16

export const cronPath: BenchPath = { name: 'cron', run: (world) => run(world) }

type Side = { readonly subject: Subject; readonly cpuMs: number[]; readonly ms: number[] }

async function run(world: World): Promise<Row[]> {
  const { rounds } = world.options
  return withSubjects(world, ['usher', 'floor'], async (usherSubject, floorSubject) => {
    if (usherSubject === undefined || floorSubject === undefined) throw new Error('nothing was started')
    const usher: Side = { subject: usherSubject, cpuMs: [], ms: [] }
    const floor: Side = { subject: floorSubject, cpuMs: [], ms: [] }
    await createEvents(new UsherClient(usherSubject.url, world.backend.variables))
    // Twice: the first round of all makes the pools, the second finds them.
    for (const { subject } of [usher, floor, usher, floor]) await subject.runCron()
    for (let round = 1; round <= rounds; round += 1) {
      for (const side of orderOfRound(round, usher, floor)) await measure(side)
      world.say(`cron: round ${round} of ${rounds}, ${usher.cpuMs.at(-1)?.toFixed(0)} ms`)
    }
    await world.profiles.take('cron', usherSubject, () => usherSubject.runCron())
    return [
      rowOf('CPU of the runtime', 'ms CPU', usher.cpuMs, floor.cpuMs, true),
      rowOf('wall time', 'ms', usher.ms, floor.ms, false),
    ]
  })
}

async function createEvents(client: UsherClient): Promise<void> {
  const numbers = Array.from({ length: EVENTS }, (_, index) => index).values()
  const lane = async (): Promise<void> => {
    for (const number of numbers) await client.event(`watched-${number}`, { capacity: 10 })
  }
  await Promise.all(Array.from({ length: CREATING }, lane))
}

async function measure({ subject, cpuMs, ms }: Side): Promise<void> {
  const beforeMs = subject.cpuMs()
  const startedAtMs = performance.now()
  await subject.runCron()
  ms.push(performance.now() - startedAtMs)
  cpuMs.push(subject.cpuMs() - beforeMs)
}

function rowOf(
  what: string,
  unit: Row['unit'],
  usher: readonly number[],
  floor: readonly number[],
  isJudged: boolean,
): Row {
  return {
    path: 'cron',
    what: `cron over 1,000 events, ${what}`,
    place: 'production',
    unit,
    usher: spreadOf(usher),
    floor: { what: '1,000 empty object calls, 50 at once', value: spreadOf(floor) },
    ratio: ratioSpread(usher, floor),
    ...(isJudged && { target: { of: 'ratio', kind: 'at most', limit: 1.3 } }),
  }
}
