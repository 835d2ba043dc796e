/** One seed, one world, one verdict: faults and promises first, then calm, progress and an empty house. */
import { log, type Log } from '../../src/observability/log.ts'
import { Violation } from './invariants.ts'
import { settle } from './liveness.ts'
import { Random } from './random.ts'
import { Setting } from './setting.ts'
import { World, type WorldOptions } from './world.ts'

export type SimulationOptions = WorldOptions & { readonly steps: number }

export type Verdict = {
  readonly seed: number
  readonly violation: Violation | null
  readonly events: number
  readonly admissions: number
}

/** Thrown by the world itself; the code under test reports them and goes on. */
const EXPECTED = ['unreachable', 'the disk is full', 'this object is gone']

export async function simulate(options: SimulationOptions): Promise<Verdict> {
  const world = new World(options)
  const restoreLog = captureLog(world)
  const restoreChance = seedChance(options.seed)
  let violation: Violation | null = null
  try {
    await play(world, options.steps)
  } catch (error) {
    violation = error instanceof Violation ? error : new Violation('defect', describe(error))
  } finally {
    restoreLog()
    restoreChance()
  }
  const { scheduler, oracle } = world
  return { seed: options.seed, violation, events: scheduler.events, admissions: oracle.admissions }
}

async function play(world: World, steps: number): Promise<void> {
  const setting = new Setting(world)
  await setting.open()
  await world.run(100)
  for (let step = 0; step < steps; step += 1) {
    setting.step()
    await world.run(pauseMs(world))
  }
  await settle(world, setting)
}

/** Often hardly any time between two things, sometimes long enough for a presence or a lease to end. */
function pauseMs({ random }: World): number {
  const roll = random.next()
  if (roll < 0.35) return random.between(0, 30)
  if (roll < 0.75) return random.between(30, 600)
  if (roll < 0.97) return random.between(600, 2_000)
  return random.between(2_000, 20_000)
}

/** The platform's chance, which spreads retries and updates of streams, comes from the seed as well. */
function seedChance(seed: number): () => void {
  const { random: platform } = Math
  const random = new Random(-seed)
  Math.random = () => random.next()
  return () => {
    Math.random = platform
  }
}

/** The lines' logs are silent here, except for what only a defect logs. */
function captureLog(world: World): () => void {
  const before = { ...log }
  const silent: Log = {
    info: () => {},
    warn: () => {},
    error: (event, fields) => {
      const message = String(fields?.['error'] ?? '')
      if (!EXPECTED.some((expected) => message.includes(expected))) world.unexpected(event, message)
    },
  }
  Object.assign(log, silent)
  return () => Object.assign(log, before)
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
