/** Asks for an event at a steady pace until told to stop. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CliFailure, EXIT } from '../exit.ts'
import { readEvent } from '../server/events.ts'
import type { Server } from '../server/server.ts'
import { expectedAs, publicStatusSchema } from '../server/wire.ts'
import { sampleOf } from './sample.ts'
import type { Sample } from './sample.ts'

export type Watched = {
  readonly server: Server
  readonly eventId: string
  readonly intervalMs: number
  /** Stop after so many samples; null: go on. */
  readonly samplesMax: number | null
  readonly signal: AbortSignal
}

/**
 * `onSample` gets each sample, `onTrouble` why there was none this time.
 * @throws CliFailure when the first call fails, or the server refuses later: then waiting would not help.
 */
export async function watchEvent(
  { server, eventId, intervalMs, samplesMax, signal }: Watched,
  onSample: (sample: Sample) => void,
  onTrouble: (trouble: string) => void,
): Promise<void> {
  let before: Sample | null = null
  for (let taken = 0; !signal.aborted;) {
    const startedAtMs = Date.now()
    try {
      before = await takeSample(server, eventId, before)
      taken += 1
      onSample(before)
    } catch (error) {
      if (signal.aborted) return
      if (before === null || !isPassing(error)) throw error
      onTrouble(error.message)
    }
    if (taken === samplesMax) return
    const restMs = Math.max(0, intervalMs - (Date.now() - startedAtMs))
    await sleep(restMs, undefined, { signal }).catch(() => undefined) // Told to stop: the loop ends.
  }
}

async function takeSample(server: Server, eventId: string, before: Sample | null): Promise<Sample> {
  const [event, status] = await Promise.all([
    readEvent(server, eventId),
    server.call('GET', `/api/v1/events/${eventId}`),
  ])
  const { etaSeconds } = expectedAs(publicStatusSchema, status)
  return sampleOf(event, etaSeconds, Date.now(), before)
}

const PASSING: ReadonlySet<string> = new Set(['server-error', 'internal-error', 'overloaded', 'rate-limited'])

/** A server that is restarted or busy comes back; one that knows no such event or key says so again. */
function isPassing(error: unknown): error is CliFailure {
  if (!(error instanceof CliFailure)) return false
  return error.exitCode === EXIT.unreachable || PASSING.has(error.code)
}
