/**
 * The watchdog's round: every active line is called, in parallel and bounded, and repairs itself. Nothing is taken
 * from a list and then lost; a round that is missed, doubled or cut short changes nothing but delay.
 */
import { mapBounded, withTimeout } from './bounded.ts'
import type { EpochMs } from './core/time.ts'
import { errorFields } from './observability/log.ts'
import type { Log } from './observability/log.ts'
import type { LineApi } from './ports/lines.ts'
import type { RegistryApi } from './ports/registry.ts'

/** Calls in flight at once, so that a round over many events cannot exhaust what an invocation may do. */
const WATCH_WIDTH = 50
/** One line in trouble must not use up the minute of the others. */
const WATCH_TIMEOUT_MS = 10_000

export type Watchdog = {
  readonly registry: Pick<RegistryApi, 'activeEventIds' | 'retire'>
  readonly line: (eventId: string) => Pick<LineApi, 'watch'>
  readonly log: Log
}

/**
 * Watches every active event once; those that say that they need no more calls are retired. An event that its line
 * does not know stays: it is between its registration and its creation, or its creation will be repeated.
 */
export async function watchEvents(
  { registry, line, log }: Watchdog,
  scheduledTimeMs: EpochMs,
): Promise<void> {
  const eventIds = await registry.activeEventIds()
  const finished: string[] = []
  const failed: string[] = []
  await mapBounded(eventIds, WATCH_WIDTH, async (eventId) => {
    try {
      const watched = await withTimeout(line(eventId).watch(scheduledTimeMs), WATCH_TIMEOUT_MS)
      if (!watched.ok) failed.push(`${eventId}: ${watched.error.reason}`)
      else if (!watched.value.active) finished.push(eventId)
    } catch (error) {
      const { error: kind } = errorFields(error)
      failed.push(`${eventId}: ${kind}`)
    }
  })
  if (failed.length > 0) log.error('watch_failed', { scheduledTimeMs, events: eventIds.length, failed })
  if (finished.length > 0) await registry.retire(finished)
}
