/** All fans together: who plays which role, how they arrive, and what the public status said meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Fan, newRecord } from './fan.ts'
import type { FanRecord, Role, World } from './fan.ts'
import type { LoadOptions } from './options.ts'
import type { EventStatus } from './wire.ts'

/** Fans that are taking their place at the same moment. */
const ARRIVALS_AT_ONCE = 32
const SAMPLE_EVERY_MS = 500

type Sample = EventStatus & { readonly atMs: number }

export type Crowd = { readonly records: readonly FanRecord[]; readonly samples: readonly Sample[] }

/** The roles of `fans` fans, in random order; half of those who walk away have entered before. */
export function assignRoles(
  options: Pick<LoadOptions, 'fans' | 'walkAwayShare' | 'leaveShare' | 'reconnectShare'>,
): Role[] {
  const count = (share: number): number => Math.round(options.fans * share)
  const walkers = count(options.walkAwayShare)
  const special: Role[] = [
    ...Array<Role>(Math.ceil(walkers / 2)).fill('no-show'),
    ...Array<Role>(Math.floor(walkers / 2)).fill('abandon'),
    ...Array<Role>(count(options.leaveShare)).fill('leave'),
    ...Array<Role>(count(options.reconnectShare)).fill('reconnect'),
  ]
  const roles = Array.from({ length: options.fans }, (_, index) => special[index] ?? 'shopper')
  for (let index = roles.length - 1; index > 0; index -= 1) {
    const other = Math.floor(Math.random() * (index + 1))
    const [a, b] = [roles[index], roles[other]]
    if (a !== undefined && b !== undefined) [roles[index], roles[other]] = [b, a]
  }
  return roles
}

/** Lets the fans loose and waits for the last one. `onSample` gets the live crowd each half second. */
export async function runCrowd(
  world: World,
  roles: readonly Role[],
  onSample: (crowd: Crowd) => void,
): Promise<Crowd> {
  const records = roles.map(newRecord)
  const samples: Sample[] = []
  const crowd: Crowd = { records, samples }
  const over = new AbortController()
  const sampling = sampleStatus(world, samples, over.signal, () => onSample(crowd))
  const waiting = [...records]
  const lives: Promise<void>[] = []
  const lane = async (): Promise<void> => {
    for (let record = waiting.shift(); record !== undefined; record = waiting.shift()) {
      const fan = new Fan(world, record)
      const arrival = fan.arrive()
      lives.push(
        noteFailure(
          record,
          arrival.then(() => fan.live()),
          world.signal,
        ),
      )
      await arrival.catch(() => undefined) // Noted in the record just above.
    }
  }
  await Promise.all(Array.from({ length: ARRIVALS_AT_ONCE }, lane))
  await Promise.all(lives)
  over.abort()
  await sampling
  return crowd
}

async function noteFailure(record: FanRecord, life: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await life
  } catch (error) {
    // Out of time is not the fan's failure: it stays unfinished.
    if (signal.aborted) return
    record.outcome = 'failed'
    record.failure = error instanceof Error ? error.message : String(error)
  }
}

async function sampleStatus(
  world: World,
  samples: Sample[],
  over: AbortSignal,
  onSample: () => void,
): Promise<void> {
  while (!over.aborted && !world.signal.aborted) {
    // A sample that fails is one sample less; a server that is gone shows in every fan.
    const status = await world.api.status().catch(() => null)
    if (status !== null) samples.push({ ...status, atMs: Date.now() })
    onSample()
    await sleep(SAMPLE_EVERY_MS, undefined, { signal: over }).catch(() => undefined)
  }
}
