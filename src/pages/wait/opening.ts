/** Waits for an event to open: at its time, or earlier when the operator opens it. */
import type { EventStatusName } from '../../client/contract.ts'
import type { Progress } from '../../client/position-bound.ts'

const LOOK_MS = 15_000
const TIMEOUT_MS = 10_000
/** Those who wait for the same second come over so long. */
const SPREAD_MS = 2_000
const LATE_MS_MAX = 10_000
/** Longer ones overflow to none at all. */
const TIMER_MS_MAX = 2 ** 31 - 1

type Opening = {
  readonly eventId: string
  /** By the visitor's clock; null: nobody knows. */
  readonly opensAtMs: number | null
  readonly opened: () => void
  readonly changed: (status: EventStatusName) => void
}

/** @returns what stops it */
export function awaitOpening({ eventId, opensAtMs, opened, changed }: Opening): () => void {
  const timers: ReturnType<typeof setTimeout>[] = []
  const stop = (): void => timers.splice(0).forEach(clearTimeout)
  const open = (): void => {
    stop()
    opened()
  }
  const look = async (): Promise<void> => {
    try {
      const response = await fetch(`/api/v1/events/${eventId}/progress`, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      const { status } = (await response.json()) as Progress
      if (timers.length === 0) return
      if (response.ok) changed(status)
      if (response.ok && status !== 'scheduled') return open()
    } catch {
      // The network is away: looked at again.
    }
    if (timers.length > 0) later()
  }
  const later = (): void =>
    void timers.push(setTimeout(() => void look(), LOOK_MS * (0.8 + Math.random() * 0.4)))
  // A line opens within a second of its time. One that is this late has been given another time.
  if (opensAtMs !== null && opensAtMs > Date.now() - LATE_MS_MAX) {
    const ms = Math.max(0, opensAtMs - Date.now()) + Math.random() * SPREAD_MS
    if (ms < TIMER_MS_MAX) timers.push(setTimeout(open, ms))
  }
  later()
  return stop
}
