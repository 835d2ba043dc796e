/** What a visitor does: join, ask, listen, leave. */
import type { LineFailure } from './failures.ts'
import { closeAdmission } from './line-admissions.ts'
import { absenceCountsNow, graceMs, type LineState } from './line-state.ts'
import { placeView } from './line-views.ts'
import { decision, type Change, type Decision, type PlaceRecord } from './records.ts'
import { err, ok, type Result } from './result.ts'
import type { EpochMs } from './time.ts'
import type { EtaSeconds, Place } from './views.ts'
import type { Waiting } from './waiting-line.ts'

/**
 * Takes a place at the end of the line, or answers the place that the visitor has (INV-4, D9). One decision, one
 * write, no outside call (D4).
 */
export function join(
  line: LineState,
  userId: string,
  nowMs: EpochMs,
): Decision<Result<{ created: boolean; place: Place }, LineFailure>> {
  const current = livePlace(line, userId, nowMs)
  if (current !== null) return decision(ok({ created: false, place: current.value }), current.changes)
  const refusal = whyNoJoin(line)
  if (refusal !== null) return decision(err(refusal))
  line.joinedTotal += 1
  const place: PlaceRecord = {
    joinNumber: line.joinedTotal,
    number: awaitsDraw(line) ? null : line.joinedTotal,
    userId,
    state: 'WAITING',
    joinedAtMs: nowMs,
    absentSinceMs: null,
    endedAtMs: null,
    admissionId: null,
  }
  const visitor = line.waiting.join(place, nowMs)
  return decision(ok({ created: true, place: waitingPlace(line, visitor, nowMs) }), [
    { kind: 'place_joined', place },
  ])
}

/** The visitor's live place; asking is a sign of life. Null when the visitor neither waits nor is inside. */
export function livePlace(line: LineState, userId: string, nowMs: EpochMs): Decision<Place> | null {
  const visitor = line.waiting.get(userId)
  if (visitor !== undefined) {
    const wasAbsent = line.waiting.heard(visitor, nowMs)
    return decision(waitingPlace(line, visitor, nowMs), wasAbsent ? [presence(visitor)] : [])
  }
  const place = admittedPlace(line, userId)
  return place === null ? null : decision(place)
}

/** A stream of the visitor opened or closed. Those who are inside are not watched: their lease is. */
export function streamChanged(
  line: LineState,
  userId: string,
  isOpen: boolean,
  nowMs: EpochMs,
): Decision<null> {
  const visitor = line.waiting.get(userId)
  if (visitor === undefined) return decision(null)
  if (isOpen) return decision(null, line.waiting.streamOpened(visitor) ? [presence(visitor)] : [])
  line.waiting.streamClosed(visitor, nowMs, graceMs(line))
  return decision(null, [presence(visitor)])
}

/** The line ended a stream that had lived long enough; its visitor stays present for the time of a reconnect. */
export function streamRetired(line: LineState, userId: string, nowMs: EpochMs): Decision<null> {
  const visitor = line.waiting.get(userId)
  if (visitor === undefined) return decision(null)
  return decision(null, line.waiting.streamRetired(visitor, nowMs) ? [presence(visitor)] : [])
}

/** Gives the place or the admission back; the value is that admission. Leaving when one is not there is no error. */
export function leave(line: LineState, userId: string, nowMs: EpochMs): Decision<string | null> {
  const visitor = line.waiting.get(userId)
  if (visitor !== undefined) {
    line.waiting.remove(visitor)
    const change: Change = {
      kind: 'place_ended',
      joinNumber: visitor.joinNumber,
      state: 'LEFT',
      endedAtMs: nowMs,
    }
    return decision(null, [change], [{ kind: 'place_ended', userId, reason: 'left' }])
  }
  const admission = line.ledger.ofUser(userId)
  if (admission === undefined) return decision(null)
  const { changes, notices } = closeAdmission(line, admission, 'left', nowMs)
  return decision(admission.admissionId, changes, notices)
}

/** Those who fell silent are passed over from now on; those whose grace is over lose their place. */
export function expireSilent(line: LineState, nowMs: EpochMs): Decision<{ expired: number }> {
  const { absent, over } = line.waiting.silence(nowMs, graceMs(line), absenceCountsNow(line))
  const changes: Change[] = absent.map(presence)
  for (const visitor of over) {
    line.waiting.remove(visitor)
    changes.push({ kind: 'place_ended', joinNumber: visitor.joinNumber, state: 'EXPIRED', endedAtMs: nowMs })
  }
  const notices = over.map(({ userId }) => ({ kind: 'place_ended', userId, reason: 'expired' }) as const)
  return decision({ expired: over.length }, changes, notices)
}

function waitingPlace(line: LineState, visitor: Waiting, nowMs: EpochMs): Place {
  const position = line.waiting.position(visitor)
  return placeView(
    line.event.eventId,
    { ...visitor, state: 'WAITING', admissionId: null },
    line.waiting.size,
    {
      waiting: {
        number: visitor.number,
        position,
        etaSeconds: eta(line, position, nowMs),
        pollAfterMs: line.waiting.pollAfterMs(position),
      },
    },
  )
}

/** No range for a line that stands still. */
export function eta(line: LineState, position: number | null, nowMs: EpochMs): EtaSeconds | null {
  if (position === null || line.event.status !== 'open') return null
  return line.pace.etaSeconds(position, nowMs)
}

function admittedPlace(line: LineState, userId: string): Place | null {
  const admission = line.ledger.ofUser(userId)
  if (admission === undefined) return null
  const { joinNumber, joinedAtMs, admissionId } = admission
  const identity = { userId, joinNumber, joinedAtMs, state: 'ADMITTED', admissionId } as const
  return placeView(line.event.eventId, identity, line.waiting.size, { admission })
}

function presence(visitor: Waiting): Change {
  return { kind: 'absence_marked', joinNumber: visitor.joinNumber, absentSinceMs: visitor.absentSinceMs }
}

/** A lottery's numbers are drawn at the opening; before it a place has none. */
export function awaitsDraw(line: LineState): boolean {
  return line.event.config.queueing === 'lottery' && line.event.status === 'scheduled'
}

function whyNoJoin(line: LineState): LineFailure | null {
  const { status, config } = line.event
  if (status === 'sold_out') return { reason: 'sold-out' }
  if (status === 'closed') return { reason: 'event-not-open', status }
  if (config.queueing === 'reject') return { reason: 'queue-rejecting' }
  if (status === 'scheduled' && config.queueing !== 'lottery') return { reason: 'event-not-open', status }
  return null
}
