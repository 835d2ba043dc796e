/** Checks of a host's whole state: the places against the ledger, and the memory against the rows. */
import { isDeepStrictEqual } from 'node:util'
import { countsOf, restoreLine, type LineState } from '../../src/core/line-state.ts'
import type { SimHost } from './host.ts'
import { Violation } from './invariants.ts'
import type { World } from './world.ts'

/** Cheap: after every step of a host. */
export function checkRows(world: World, host: SimHost): void {
  world.oracle.keepsItsWord(host)
  const live = new Map<string, number>()
  const admitted = new Map<number, string>()
  for (const record of host.rows.admissions.values()) {
    if (record.state === 'ended') continue
    if (admitted.has(record.joinNumber))
      throw new Violation('INV-3', `place ${record.joinNumber} is inside twice`)
    admitted.set(record.joinNumber, record.admissionId)
  }
  for (const place of host.rows.places.values()) {
    const inside = admitted.get(place.joinNumber)
    const isRight = place.state === 'ADMITTED' ? inside === place.admissionId : inside === undefined
    if (!isRight)
      throw new Violation('INV-3', `place ${place.joinNumber} is ${place.state} and ${inside ?? 'outside'}`)
    if (place.state !== 'WAITING' && place.state !== 'ADMITTED') continue
    if (live.has(place.userId)) throw new Violation('INV-4', `${place.userId} has two places`)
    live.set(place.userId, place.joinNumber)
  }
  const line = host.line()
  if (line !== null) checkCounts(line, host, admitted.size, live.size)
}

function checkCounts(line: LineState, host: SimHost, inside: number, places: number): void {
  const isSame = line.ledger.liveCount === inside && line.waiting.size === places - inside
  if (!isSame) throw new Violation('INV-9', `${host.eventId} counts otherwise in memory than in rows`)
}

/** Dear: sampled, and whenever a host is about to lose its memory. */
export function checkRestart(host: SimHost): void {
  const line = host.line()
  if (line === null) return
  const nowMs = host.nowMs()
  const snapshot = host.rows.load(nowMs)
  if (snapshot === null) throw new Violation('INV-9', `${host.eventId} has no rows`)
  const rebuilt = visible(restoreLine(snapshot, nowMs), nowMs)
  const present = visible(line, nowMs)
  for (const [part, value] of Object.entries(present)) {
    if (isDeepStrictEqual(rebuilt[part], value) || (part === 'nextDueMs' && snapshot.tatMs > nowMs)) continue
    const difference = `${JSON.stringify(rebuilt[part])} in rows, ${JSON.stringify(value)} in memory`
    throw new Violation('INV-9', `${host.eventId} ${part}: ${difference}`)
  }
}

/** Everything that the outside can see of a line, and what it owes. */
function visible(line: LineState, nowMs: number): Record<string, unknown> {
  const waiting = [...line.waiting.all()].map((visitor) => [
    visitor.joinNumber,
    visitor.userId,
    visitor.joinedAtMs,
    line.waiting.position(visitor),
    visitor.absentSinceMs,
  ])
  const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
  return {
    event: line.event,
    waiting: waiting.toSorted(byText),
    counts: countsOf(line, false),
    live: line.ledger.live().toSorted(byText),
    debts: line.ledger.debts().toSorted(byText),
    batch: line.batch,
    views: [...line.poolViews.values()].toSorted(byText),
    // A due time in the past says the same as one of this moment. One of a clock that was ahead is cut to a minute
    // whenever it is looked at.
    nextDueMs: Math.max(line.rate.tatMs, nowMs),
  }
}
