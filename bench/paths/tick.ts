/** A tick that finds nothing to do. */
import { InsideClient } from '../client/inside-client.ts'
import { spreadOf, type Spread } from '../measure/spread.ts'
import { Inspector } from '../profile/inspector.ts'
import type { Row } from '../row.ts'
import type { Subject } from '../runtime/subject.ts'
import type { BenchPath, World } from '../world.ts'

const WAITING = 100_000
const FEW = 100
const TICKS = 300
/** Few enough that nothing is collected in between. */
const WATCHED_TICKS = 20

export const tickPath: BenchPath = { name: 'tick', run: (world) => run(world) }

async function run(world: World): Promise<Row[]> {
  const subject = await world.subjects.start('inside', true)
  try {
    const client = new InsideClient(subject.url, world.backend.variables)
    for (const [eventId, waiting] of [
      ['many', WAITING],
      ['few', FEW],
    ] as const) {
      await client.event(eventId)
      await client.join(eventId, 0, waiting)
    }
    const cpuMs = await measureCpu(world, subject, client)
    await world.profiles.take('tick', subject, () => client.ticks('many', TICKS))
    return [cpuRow(cpuMs), bytesRow(await measureBytes(world, subject, client))]
  } finally {
    await subject.stop()
  }
}

async function measureCpu({ options, say }: World, subject: Subject, client: InsideClient): Promise<Spread> {
  const msPerTick: number[] = []
  for (let round = 0; round <= options.rounds; round += 1) {
    await keepPresent(client)
    const beforeMs = subject.cpuMs()
    await client.ticks('many', TICKS)
    msPerTick.push((subject.cpuMs() - beforeMs) / TICKS)
    say(`tick: round ${round} of ${options.rounds}, ${msPerTick.at(-1)?.toFixed(3)} ms`)
  }
  // The first round warms.
  return spreadOf(msPerTick.slice(1))
}

/** What a tick allocates more with many than with few, for each who waits. */
async function measureBytes({ options }: World, subject: Subject, client: InsideClient): Promise<Spread> {
  const inspector = await Inspector.open(subject.inspectorPort ?? 0)
  try {
    const bytesEach: number[] = []
    for (let round = 0; round <= options.rounds; round += 1) {
      await keepPresent(client)
      const many = await allocatedBytes(inspector, () => client.ticks('many', WATCHED_TICKS))
      const few = await allocatedBytes(inspector, () => client.ticks('few', WATCHED_TICKS))
      bytesEach.push((many - few) / WATCHED_TICKS / (WAITING - FEW))
    }
    return spreadOf(bytesEach.slice(1))
  } finally {
    inspector.close()
  }
}

async function allocatedBytes(inspector: Inspector, work: () => Promise<void>): Promise<number> {
  await inspector.send('HeapProfiler.collectGarbage')
  const before = await heapBytes(inspector)
  await work()
  return (await heapBytes(inspector)) - before
}

async function heapBytes(inspector: Inspector): Promise<number> {
  const { usedSize } = (await inspector.send('Runtime.getHeapUsage')) as { usedSize: number }
  return usedSize
}

/** So that nobody's silence falls into the round. */
async function keepPresent(client: InsideClient): Promise<void> {
  await client.poll('many', 0, WAITING)
  await client.poll('few', 0, FEW)
}

function cpuRow(usher: Spread): Row {
  return {
    path: 'tick',
    what: 'tick with nothing changed, 100,000 waiting',
    place: 'inside',
    unit: 'ms CPU',
    usher,
    target: { of: 'value', kind: 'at most', limit: 1 },
    notes: [`${TICKS} alarms a round, one after the other, each with the write of the next alarm`],
  }
}

function bytesRow(usher: Spread): Row {
  return {
    path: 'tick',
    what: 'what such a tick allocates more than with 100 waiting, for each who waits',
    place: 'inside',
    unit: 'bytes',
    usher,
    target: { of: 'value', kind: 'at most', limit: 1 },
    notes: ['growth of the heap between two collections, as the inspector tells it'],
  }
}
