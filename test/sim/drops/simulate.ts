/** One seed, one drop, one verdict: faults and promises first, then calm, and the books. */
import { log, type Log } from '../../../src/observability/log.ts'
import type { PutDrop } from '../../../src/drops/core/records.ts'
import type { Violation } from '../invariants.ts'
import { Claimant } from './claimant.ts'
import { Counter } from './counter.ts'
import { DROP_ID, EVENT_ID } from './drop.ts'
import { check, checkPoison, checkSettled, type Scene } from './oracle.ts'
import { SimRecords } from './records.ts'
import { SIMULATED, stageOf, type Simulated } from './stage.ts'
import { planOf } from './truth.ts'
import { DropWorld, type DropOptions } from './world.ts'

export type DropVerdict = {
  readonly seed: number
  readonly violation: Violation | null
  readonly events: number
  readonly issued: number
}

/** After so long without faults everything taken is recorded, and compared. */
const SETTLED_MS = 20 * 60_000
const OPENS_AFTER_MS = 5_000
const LOSSES_OFTEN = 0.02
const LOSSES = ['everything', 'the last writes', 'the codes', 'the outbox'] as const

export async function simulateDrop(options: DropOptions): Promise<DropVerdict> {
  const world = new DropWorld(options)
  const records = new SimRecords(world)
  const stage = stageOf(strategyOf(options), world, records)
  const { drop, takers, taken } = stage
  const counter = new Counter(world, drop, takers, taken)
  const claimants = Array.from(
    { length: options.visitors },
    (_, index) => new Claimant(`v${index}`, world, counter),
  )
  const scene = { world, stage, records, claimants }
  const restoreLog = listen(world)
  const uninstall = options.mutant?.install?.() ?? (() => {})
  const each = () => {
    if (!drop.database.isTouched || world.violation !== null) return
    drop.database.isTouched = false
    check(scene)
  }
  try {
    await open(scene, each)
    for (let step = 0; step < options.steps && world.violation === null; step += 1) {
      for (let acts = world.random.between(1, 3); acts > 0; acts -= 1) world.random.pick(claimants).act()
      mishap(scene)
      await world.scheduler.run(pauseMs(world), each)
    }
    await settle(scene, each)
    if (world.violation === null) {
      const settled = checkSettled(scene)
      await world.scheduler.run(SETTLED_MS, each)
      await settled
    }
  } catch (error) {
    world.violated('defect', error instanceof Error ? (error.stack ?? error.message) : String(error))
  } finally {
    restoreLog()
    uninstall()
    drop.close()
  }
  const { violation, scheduler } = world
  return { seed: options.seed, violation, events: scheduler.events, issued: records.rows.size }
}

/** Every other world has the other one. */
function strategyOf({ seed, mutant }: DropOptions): Simulated {
  return mutant?.strategy ?? SIMULATED[seed % SIMULATED.length] ?? 'object'
}

/** Fewer coupons than visitors, from a moment on that some do not wait for. */
async function open({ world, stage, claimants }: Scene, each: () => void): Promise<void> {
  const { drop, strategy } = stage
  world.isFaulty = false
  const stock = world.random.between(1, Math.max(1, Math.floor(claimants.length / 2)))
  const opensAtMs = world.random.chance(0.5) ? world.nowMs + OPENS_AFTER_MS : null
  void drop.ask('the operator makes the drop', (engine) =>
    engine.put({ ...dropOf(stock), strategy, opensAtMs }),
  )
  await world.scheduler.run(1_000, each)
  world.isFaulty = true
}

function dropOf(stock: number): PutDrop {
  return {
    dropId: DROP_ID,
    name: 'Coupons',
    strategy: null,
    eventId: EVENT_ID,
    stock,
    codes: null,
    opensAtMs: null,
    closesAtMs: null,
  }
}

/** What happens to a drop besides claims. */
function mishap({ world, stage, records, claimants }: Scene): void {
  const { drop } = stage
  const { random } = world
  const ask = (name: string, work: Parameters<typeof drop.ask>[1]): void =>
    void drop.ask(name, work).catch(() => null)
  if (random.chance(0.02)) drop.crash()
  if (random.chance(0.02)) records.spoil(random.pick(claimants).userId)
  if (random.chance(0.02)) records.mend()
  if (random.chance(0.02)) {
    const { stock = 0, opensAtMs = null } = planOf(drop) ?? {}
    const more = Math.min(claimants.length, stock + random.between(0, 2))
    ask('the operator adds stock', (engine) => engine.put({ ...dropOf(more), opensAtMs }))
  }
  if (random.chance(0.02)) ask('the operator compares', (engine) => engine.reconcile(random.chance(0.5)))
  if (stage.redis !== null) {
    if (random.chance(0.05)) stage.redis.copy()
    if (random.chance(world.mutant?.losses ?? LOSSES_OFTEN)) stage.redis.lose(random.pick(LOSSES))
    if (random.chance(0.02)) random.pick(stage.lanes).crash()
  }
  if (random.chance(0.01)) ask('the operator has it tried again', (engine) => engine.retryFailed())
  if (random.chance(0.05))
    ask('the operator looks', async (engine) => {
      const found = await engine.detail()
      if (!found.ok) return
      const { stock, issued, pending, failed, remaining } = found.value.counts
      const adds = issued + pending + remaining === stock && failed <= pending
      if (!adds || Math.min(issued, pending, failed, remaining) < 0)
        world.violated('INV-11', `the stock does not add up: ${JSON.stringify(found.value.counts)}`)
    })
}

/** The faults are over; then an operator mends what is wrong with single records; then everybody asks once more. */
async function settle(scene: Scene, each: () => void): Promise<void> {
  const { world, stage, records, claimants } = scene
  const { drop } = stage
  world.isFaulty = false
  await world.scheduler.run(SETTLED_MS, each)
  // What was lost while nobody came is seen by the first who does.
  void drop.ask('somebody looks', (engine) => engine.detail())
  await world.scheduler.run(SETTLED_MS, each)
  void drop.ask('somebody looks at the dead letters', (engine) => checkPoison(scene, engine))
  await world.scheduler.run(1_000, each)
  records.mend()
  void drop.ask('the operator has it tried again', (engine) => engine.retryFailed())
  await world.scheduler.run(SETTLED_MS, each)
  for (const claimant of claimants) void claimant.claim()
  await world.scheduler.run(SETTLED_MS, each)
  // Whose claim was pending then has a code now.
  for (const claimant of claimants) void claimant.look()
  await world.scheduler.run(SETTLED_MS, each)
}

/** Often hardly any time between two things, sometimes long enough for a drain, or for an alarm that was late. */
function pauseMs({ random }: DropWorld): number {
  const roll = random.next()
  if (roll < 0.6) return random.between(0, 50)
  if (roll < 0.95) return random.between(50, 2_000)
  return random.between(2_000, 25_000)
}

/** Calls fail on purpose, and are reported; that the comparison finds something amiss is not on purpose. */
function listen(world: DropWorld): () => void {
  const before = { ...log }
  const error: Log['error'] = (event, fields) => {
    if (event === 'drop_inconsistent')
      world.violated('INV-11', `the comparison has found ${JSON.stringify(fields)}`)
  }
  Object.assign(log, { info: () => {}, warn: () => {}, error } satisfies Log)
  return () => Object.assign(log, before)
}
