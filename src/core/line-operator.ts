/** What the operator and the clock do to an event. */
import { assert } from './assert.ts'
import { scheduleOf, type EventAction, type EventConfig, type EventStatusName } from './event-config.ts'
import type { LineFailure } from './failures.ts'
import type { FieldChange } from './console-views.ts'
import { changedFields } from './field-changes.ts'
import { draw, type TicketOf } from './lottery.ts'
import { absenceCountsNow, graceMs, type LineState } from './line-state.ts'
import {
  decision,
  type Change,
  type Decision,
  type EndReason,
  type EventRecord,
  type LotteryRecord,
  type Notice,
  type SharedPool,
} from './records.ts'
import { err, ok, type Result } from './result.ts'
import { dueStatus, transition } from './transitions.ts'
import type { EpochMs } from './time.ts'

/** Randomness and hashing that the draw needs, brought by the shell. */
export type DrawTools = {
  readonly newLottery: () => LotteryRecord
  readonly ticketOf: (seed: string) => TicketOf
}

/** Which fields of the configuration differ, all of a new event; the status is the event's as it is. */
export function changesSince(before: EventRecord | null, after: EventRecord): FieldChange[] {
  const configOf = ({ config, status }: EventRecord): EventConfig => ({ ...config, status })
  return changedFields(before === null ? null : configOf(before), configOf(after))
}

export function newEvent(
  eventId: string,
  config: EventConfig,
  pool: SharedPool | null,
  nowMs: EpochMs,
  tools: DrawTools,
): EventRecord {
  const { opensAtMs } = scheduleOf(config)
  const isEarly = config.status === 'open' && opensAtMs !== null && opensAtMs > nowMs
  return {
    eventId,
    config,
    status: isEarly ? 'scheduled' : config.status,
    // Starts at the clock, so that an event made again under the same id is newer than what the gate remembers.
    revision: nowMs,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    pool,
    lottery: config.queueing === 'lottery' ? tools.newLottery() : null,
  }
}

/** Takes over a new configuration, also for those who wait. `status` is a wish like an operator's action. */
export function reconfigure(
  line: LineState,
  config: EventConfig,
  pool: SharedPool | null,
  wish: EventStatusName | null,
  nowMs: EpochMs,
  tools: DrawTools,
): Decision<Result<null, LineFailure>> {
  const status = wish === null ? line.event.status : wishedStatus(line.event.status, wish)
  if (status === null)
    return decision(err({ reason: 'invalid-transition', status: line.event.status, action: 'open' }))
  const graceChanged = config.disconnectGraceSeconds !== line.event.config.disconnectGraceSeconds
  const lottery = line.event.lottery ?? (config.queueing === 'lottery' ? tools.newLottery() : null)
  line.event = {
    ...line.event,
    config,
    pool,
    lottery,
    revision: Math.max(line.event.revision + 1, nowMs),
    updatedAtMs: nowMs,
  }
  line.tickBudget = Math.min(line.tickBudget, config.batchSizeMax)
  const moved = moveTo(line, status, nowMs, tools)
  const changes = [...moved.changes]
  // A place without a number belongs to a lottery that has not been drawn; leaving lottery keeps the join order.
  if (config.queueing !== 'lottery') changes.push(...numberInJoinOrder(line))
  if (graceChanged && absenceCountsNow(line)) changes.push(...restartGrace(line, nowMs))
  return decision(ok(null), [...changes, { kind: 'event_saved', event: line.event }], moved.notices)
}

export function act(
  line: LineState,
  action: EventAction,
  nowMs: EpochMs,
  tools: DrawTools,
): Decision<Result<null, LineFailure>> {
  const status = transition(line.event.status, action)
  if (status === null)
    return decision(err({ reason: 'invalid-transition', status: line.event.status, action }))
  const { closesAtMs } = scheduleOf(line.event.config)
  const reopens = status === 'open' && closesAtMs !== null && closesAtMs <= nowMs
  // An operator who opens after the closing time has changed their mind about it.
  if (reopens) line.event = { ...line.event, config: { ...line.event.config, closesAt: null } }
  const moved = moveTo(line, status, nowMs, tools)
  return decision(ok(null), moved.changes, moved.notices)
}

/** `opensAt` and `closesAt` come true. */
export function followSchedule(line: LineState, nowMs: EpochMs, tools: DrawTools): Decision<null> {
  const status = dueStatus({ status: line.event.status, ...scheduleOf(line.event.config) }, nowMs)
  return status === null ? decision(null) : moveTo(line, status, nowMs, tools)
}

/** The registry has a newer configuration of the event's shared pool; an older one changes nothing. */
export function poolChanged(line: LineState, pool: SharedPool): Decision<null> {
  const known = line.event.pool
  if (known === null || known.poolId !== pool.poolId || known.version >= pool.version) return decision(null)
  line.event = { ...line.event, pool }
  return decision(null, [{ kind: 'event_saved', event: line.event }])
}

function moveTo(line: LineState, status: EventStatusName, nowMs: EpochMs, tools: DrawTools): Decision<null> {
  const before = line.event.status
  if (before === status) return decision(null)
  line.event = { ...line.event, status, config: { ...line.event.config, status }, updatedAtMs: nowMs }
  const changes: Change[] = []
  const notices: Notice[] = [{ kind: 'status_changed', status }]
  if (status === 'open') changes.push(...opened(line, before, nowMs, tools))
  if (status === 'closed' || status === 'sold_out') {
    const over = endEverybodysWait(line, status, nowMs)
    changes.push(...over.changes)
    notices.push(...over.notices)
  }
  return decision(null, [{ kind: 'event_saved', event: line.event }, ...changes], notices)
}

/** The draw, if one is due; and the grace of those who were away while the sale stood still starts now (D10). */
function opened(line: LineState, before: EventStatusName, nowMs: EpochMs, tools: DrawTools): Change[] {
  const changes = drawIsDue(line, before) ? drawNumbers(line, tools) : numberInJoinOrder(line)
  return [...changes, ...restartGrace(line, nowMs)]
}

/** At the first opening only: who joins an event that is open has a number already. */
function drawIsDue(line: LineState, before: EventStatusName): boolean {
  const { config, lottery } = line.event
  return (
    before === 'scheduled' && config.queueing === 'lottery' && lottery !== null && lottery.entrants === null
  )
}

function drawNumbers(line: LineState, tools: DrawTools): Change[] {
  const { lottery } = line.event
  assert(lottery !== null, 'a lottery has a seed')
  line.event = { ...line.event, lottery: { ...lottery, entrants: line.joinedTotal } }
  const drawn = draw(line.joinedTotal, tools.ticketOf(lottery.seed))
  const numbers = [...line.waiting.all()].flatMap((visitor) => {
    const number = visitor.number === null ? drawn.get(visitor.joinNumber) : undefined
    if (number === undefined) return []
    line.waiting.assignNumber(visitor, number)
    return [[visitor.joinNumber, number] as const]
  })
  return [
    { kind: 'event_saved', event: line.event },
    { kind: 'places_numbered', numbers },
  ]
}

function numberInJoinOrder(line: LineState): Change[] {
  const numbers = [...line.waiting.all()].flatMap((visitor) => {
    if (visitor.number !== null) return []
    line.waiting.assignNumber(visitor, visitor.joinNumber)
    return [[visitor.joinNumber, visitor.joinNumber] as const]
  })
  return numbers.length === 0 ? [] : [{ kind: 'places_numbered', numbers }]
}

function restartGrace(line: LineState, nowMs: EpochMs): Change[] {
  const absent = line.waiting.restartGrace(nowMs, graceMs(line))
  return absent.map(({ joinNumber }) => ({ kind: 'absence_marked', joinNumber, absentSinceMs: nowMs }))
}

function endEverybodysWait(
  line: LineState,
  reason: Extract<EndReason, 'closed' | 'sold_out'>,
  nowMs: EpochMs,
): Decision<null> {
  const everybody = [...line.waiting.all()]
  for (const visitor of everybody) line.waiting.remove(visitor)
  return decision(
    null,
    everybody.map(({ joinNumber }) => ({
      kind: 'place_ended',
      joinNumber,
      state: 'EXPIRED',
      endedAtMs: nowMs,
    })),
    everybody.map(({ userId }) => ({ kind: 'place_ended', userId, reason })),
  )
}

/** A status written into the configuration acts like the operator's action that leads there. */
function wishedStatus(status: EventStatusName, wish: EventStatusName): EventStatusName | null {
  if (status === wish) return status
  switch (wish) {
    case 'open':
      return transition(status, 'open')
    case 'paused':
      return transition(status, 'pause')
    case 'closed':
      return transition(status, 'close')
    case 'sold_out':
      return transition(status, 'sold-out')
    case 'scheduled':
      return null
  }
}
