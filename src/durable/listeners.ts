/** Who may listen to a line, and what each listener should see: the same wherever the stream is held. */
import type { LineFailure } from '../core/failures.ts'
import type { LineState } from '../core/line-state.ts'
import * as visitors from '../core/line-visitors.ts'
import type { EndReason, PlaceRecord } from '../core/records.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { StreamView } from '../core/stream-view.ts'
import type { LineLink, LineRows } from '../ports/line-host.ts'
import type { LineMeters } from './line-meters.ts'

export type ListenerDeps = LineLink & {
  readonly rows: Pick<LineRows, 'latestPlace'>
  readonly meters: LineMeters
}

/** A client without a stream polls; it need not try again soon. */
const REFUSED_RETRY_SECONDS_MIN = 5
const REFUSED_RETRY_SECONDS_SPREAD = 10

/**
 * Whether the visitor may listen. With `joins` a visitor without a place takes one first, unless this is a reconnect
 * (`resumed`) of a stream whose place has ended: then the stream says so, and nobody joins by accident.
 */
export function enter(
  deps: ListenerDeps,
  line: LineState,
  who: { readonly userId: string; readonly joins: boolean; readonly resumed: boolean },
): Result<null, LineFailure> {
  const { userId, joins, resumed } = who
  const isLive = line.waiting.get(userId) !== undefined || line.ledger.ofUser(userId) !== undefined
  if (isLive) return ok(null)
  const ended = deps.rows.latestPlace(userId)
  if (!joins || (resumed && ended !== null))
    return ended === null ? err({ reason: 'not-in-queue' }) : ok(null)
  const joined = visitors.join(line, userId, deps.nowMs())
  deps.commit(joined)
  if (!joined.value.ok) return joined.value
  deps.meters.count('joins_total')
  return ok(null)
}

/** What the visitor's stream should show at this moment. */
export function viewOf(
  deps: Pick<ListenerDeps, 'rows' | 'nowMs'>,
  line: LineState,
  userId: string,
): StreamView {
  const visitor = line.waiting.get(userId)
  if (visitor !== undefined) {
    const position = line.waiting.position(visitor)
    const etaSeconds = visitors.eta(line, position, deps.nowMs())
    return { kind: 'waiting', position, totalWaiting: line.waiting.size, etaSeconds }
  }
  const admission = line.ledger.ofUser(userId)
  if (admission !== undefined) return { kind: 'admitted', admission }
  return { kind: 'ended', reason: endReason(deps.rows.latestPlace(userId), line) }
}

/** The refusal of a stream beyond the bound, spread over as long as polling does as well. */
export function tooManyStreams(): LineFailure {
  return {
    reason: 'overloaded',
    retryAfterSeconds: REFUSED_RETRY_SECONDS_MIN + Math.floor(Math.random() * REFUSED_RETRY_SECONDS_SPREAD),
  }
}

function endReason(place: PlaceRecord | null, line: LineState): EndReason {
  if (place?.state === 'COMPLETED') return 'completed'
  if (place?.state === 'LEFT') return 'left'
  const { status } = line.event
  return status === 'closed' || status === 'sold_out' ? status : 'expired'
}
