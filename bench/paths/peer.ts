/** The original's algorithm in the same run, for what it says about Usher's. */
import { spreadOf } from '../measure/spread.ts'
import { Original } from '../peer/original.ts'
import type { Row, Unit } from '../row.ts'
import type { BenchPath, World } from '../world.ts'

const BATCH = 1_000
/** Enough for a second of what the consumer does without delay; with it, for a second too. */
const CONSUMED = 1_000
const CONSUMED_DELAYED = 100
const RANKED = 100_000
const STREAMS = 5_000
const ADDED_MS = 2.4

export const peerPath: BenchPath = { name: 'peer', run: (world) => run(world) }

async function run(world: World): Promise<Row[]> {
  const { engine } = world.backend
  if (engine === null) throw new Error('the peer needs a Redis of this machine')
  const original = new Original(engine)
  try {
    const { rounds } = world.options
    const plain: number[] = []
    const delayed: number[] = []
    const scriptMs: number[] = []
    const rankMs: number[] = []
    for (let round = 0; round <= rounds; round += 1) {
      scriptMs.push(await scriptOnce(original))
      plain.push(await consumeOnce(original, CONSUMED, 0))
      delayed.push(await consumeOnce(original, CONSUMED_DELAYED, ADDED_MS))
      world.say(`peer: round ${round} of ${rounds}, ${plain.at(-1)?.toFixed(0)} a second`)
    }
    await original.clear()
    await original.fill(RANKED)
    for (let round = 0; round <= rounds; round += 1) rankMs.push(await rankOnce(original))
    await original.clear()
    return [
      rowOf('the original: its promotion script, 1,000 users', 'ms', scriptMs),
      rowOf('the original: promoted users that its consumer tells', 'per second', plain),
      rowOf(`the same with ${ADDED_MS} ms added to every Redis call`, 'per second', delayed),
      rowOf('the original: its ranking in each second, 100,000 waiting, 5,000 streams', 'ms', rankMs),
    ]
  } finally {
    original.close()
  }
}

async function scriptOnce(original: Original): Promise<number> {
  await original.clear()
  await original.fill(BATCH)
  const startedAtMs = performance.now()
  const promoted = await original.promote(BATCH)
  if (promoted !== BATCH) throw new Error(`the original's script promoted ${promoted} of ${BATCH}`)
  return performance.now() - startedAtMs
}

/** Users a second, from the script on. */
async function consumeOnce(original: Original, count: number, delayMs: number): Promise<number> {
  await original.clear()
  await original.fill(count)
  original.delayMs = delayMs
  const startedAtMs = performance.now()
  await original.promote(count)
  let tokens = 0
  const users = await original.consume(() => (tokens += 1))
  original.delayMs = 0
  if (users !== count || tokens !== count) throw new Error(`the original told ${users} of ${count}`)
  return (count / (performance.now() - startedAtMs)) * 1_000
}

/** The ranking alone: nothing is written to a stream. */
async function rankOnce(original: Original): Promise<number> {
  const startedAtMs = performance.now()
  let shown = 0
  const ranked = await original.rank(
    () => (shown += 1),
    (position) => position % (RANKED / STREAMS) === 0,
  )
  if (ranked !== RANKED || shown !== STREAMS)
    throw new Error(`the original ranked ${ranked}, showed ${shown}`)
  return performance.now() - startedAtMs
}

/** The first round warms. */
function rowOf(what: string, unit: Unit, values: readonly number[]): Row {
  return { path: 'peer', what, place: 'node', unit, usher: spreadOf(values.slice(1)) }
}
