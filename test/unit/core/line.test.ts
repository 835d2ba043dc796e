import { describe, expect, it } from 'vitest'
import { end, expireLeases, redeem, renew } from '../../../src/core/line-admissions.ts'
import { act, followSchedule, reconfigure } from '../../../src/core/line-operator.ts'
import { chooseBatch, settleBatch } from '../../../src/core/line-promotion.ts'
import { expireSilent, join, leave, livePlace, streamChanged } from '../../../src/core/line-visitors.ts'
import { nextWakeMs } from '../../../src/core/schedule.ts'
import { config, counted, joinAll, lineWith, promote, T0, ticketsFor, tools } from './fixtures.ts'

const placeOf = (line: ReturnType<typeof lineWith>, userId: string, nowMs = T0) =>
  livePlace(line, userId, nowMs)?.value

describe('joining', () => {
  it('INV-4, D9: joining again answers the same place', () => {
    const line = lineWith()
    const first = join(line, 'ann', T0)
    const again = join(line, 'ann', T0 + 5_000)
    expect(first.value).toMatchObject({ ok: true, value: { created: true, place: { position: 1 } } })
    expect(again.value).toMatchObject({
      ok: true,
      value: { created: false, place: { position: 1, joinNumber: 1 } },
    })
    expect(line.waiting.size).toBe(1)
  })

  it('D4, D14: a join is one write whose number the line assigns', () => {
    const line = lineWith()
    const made = [join(line, 'ann', T0), join(line, 'ben', T0)]
    expect(made.map((decided) => decided.changes.map((change) => change.kind))).toEqual([
      ['place_joined'],
      ['place_joined'],
    ])
    expect([placeOf(line, 'ann')?.position, placeOf(line, 'ben')?.position]).toEqual([1, 2])
  })

  it.each([
    ['closed', 'fifo', 'event-not-open'],
    ['sold_out', 'fifo', 'sold-out'],
    ['scheduled', 'fifo', 'event-not-open'],
    ['open', 'reject', 'queue-rejecting'],
  ] as const)(
    'a %s event with queueing %s refuses with %s and changes nothing',
    (status, queueing, reason) => {
      const line = lineWith({ status, queueing })
      const refused = join(line, 'ann', T0)
      expect(refused).toMatchObject({ value: { ok: false, error: { reason } }, changes: [] })
      expect(line.waiting.size).toBe(0)
    },
  )

  it('who has left joins again at the end', () => {
    const line = lineWith()
    joinAll(line, ['ann', 'ben'])
    leave(line, 'ann', T0)
    join(line, 'ann', T0 + 1)
    expect([placeOf(line, 'ben')?.position, placeOf(line, 'ann')?.position]).toEqual([1, 2])
  })
})

describe('promotion', () => {
  it('INV-1, INV-2: admits in order and never more than there is room for', () => {
    const line = lineWith({ capacity: 2 })
    joinAll(line, ['a', 'b', 'c'])
    expect(promote(line).map((admission) => admission.userId)).toEqual(['a', 'b'])
    expect(promote(line)).toEqual([])
    expect([line.ledger.liveCount, placeOf(line, 'c')?.position]).toEqual([2, 1])
  })

  it('D6: a batch whose outcome is unknown is asked again under the same id, and no other is chosen', () => {
    const line = lineWith()
    joinAll(line, ['a', 'b', 'c'])
    const ids = counted()
    const first = chooseBatch(line, T0, ids)
    const again = chooseBatch(line, T0 + 2_000, ids)
    expect(again.value).toBe(first.value)
    expect(again.changes).toEqual([])
  })

  it('D7, INV-3: a visitor is waiting until admitted, with nothing in between', () => {
    const line = lineWith()
    joinAll(line, ['a'])
    const batch = chooseBatch(line, T0, counted()).value
    expect(placeOf(line, 'a')?.state).toBe('WAITING')
    if (batch !== null) settleBatch(line, batch, ticketsFor(batch, T0), T0)
    expect(placeOf(line, 'a')?.state).toBe('ADMITTED')
  })

  it('INV-6: the lease of somebody who left while the gate was asked is owed back at once', () => {
    const line = lineWith()
    joinAll(line, ['a', 'b'])
    const batch = chooseBatch(line, T0, counted()).value
    leave(line, 'a', T0)
    expect(batch).not.toBeNull()
    if (batch !== null) settleBatch(line, batch, ticketsFor(batch, T0), T0)
    expect(line.ledger.liveCount).toBe(1)
    expect(line.ledger.debts()).toMatchObject([{ userId: 'a', state: 'ended', debt: 'release' }])
    expect(placeOf(line, 'a')).toBeUndefined()
  })

  it('D11, INV-2: an absent head is passed over and keeps its place', () => {
    const line = lineWith({ capacity: 1 })
    joinAll(line, ['absent', 'here'])
    streamChanged(line, 'absent', true, T0)
    streamChanged(line, 'absent', false, T0 + 10)
    expect(promote(line, T0 + 20).map((admission) => admission.userId)).toEqual(['here'])
    expect(line.waiting.get('absent')).toBeDefined()
  })

  it('D20: one tick admits at most batchSizeMax, also over several batches', () => {
    const line = lineWith({ capacity: 100, batchSizeMax: 3 })
    joinAll(line, ['a', 'b', 'c', 'd', 'e'])
    const ids = counted()
    expect(promote(line, T0, ids)).toHaveLength(3)
    expect(promote(line, T0, ids)).toHaveLength(0)
    line.tickBudget = 3
    expect(promote(line, T0, ids)).toHaveLength(2)
  })

  it('what the gate did not grant is not used up', () => {
    const line = lineWith({ capacity: 100, batchSizeMax: 3 })
    joinAll(line, ['a', 'b', 'c'])
    const ids = counted()
    expect(promote(line, T0, ids, 1)).toHaveLength(1)
    expect(promote(line, T0, ids)).toHaveLength(2)
  })

  it('a paused event admits nobody, a passthrough one does not wait for presence or rate', () => {
    const paused = lineWith({ status: 'paused' })
    joinAll(paused, ['a'])
    expect(promote(paused)).toEqual([])
    const open = lineWith({ queueing: 'passthrough', admitPerMinute: 1, capacity: 10 })
    joinAll(open, ['a', 'b'])
    streamChanged(open, 'a', false, T0)
    expect(promote(open).map((admission) => admission.userId)).toEqual(['a', 'b'])
  })
})

describe('presence', () => {
  const silentFrom = T0 + 10_000

  it('D10: the window of a poll is twice the delay that was handed out', () => {
    const line = lineWith({ status: 'open', capacity: 0 })
    join(line, 'ann', T0)
    const pollAfterMs = placeOf(line, 'ann', T0)?.pollAfterMs ?? 0
    expireSilent(line, T0 + 2 * pollAfterMs - 1_000)
    expect(line.waiting.presentCount).toBe(1)
    expireSilent(line, T0 + 2 * pollAfterMs + 1_000)
    expect(line.waiting.presentCount).toBe(0)
  })

  it.each([
    [1, 5_000],
    [1_000, 5_000],
    [1_001, 15_000],
    [10_000, 15_000],
    [10_001, 30_000],
    [1_000_000, 30_000],
    [null, 15_000],
  ])('D10: at position %s a poll is asked for after %i ms', (position, afterMs) => {
    expect(lineWith().waiting.pollAfterMs(position)).toBe(afterMs)
  })

  it('INV-9, D10: after a restart who was drawn far back has as long as the line had handed out', () => {
    const line = lineWith({ capacity: 0, queueing: 'lottery' })
    const ended = { absentSinceMs: null, endedAtMs: null, admissionId: null }
    const place = { userId: 'ann', state: 'WAITING', joinNumber: 1, number: 20_000, joinedAtMs: T0 } as const
    line.waiting.restore({ ...place, ...ended }, T0, 0)
    expireSilent(line, T0 + 59_000)
    expect(line.waiting.presentCount).toBe(1)
    expireSilent(line, T0 + 61_000)
    expect(line.waiting.presentCount).toBe(0)
  })

  it('D18: silence costs the place only after the grace, and coming back within it keeps it', () => {
    const line = lineWith({ capacity: 0, disconnectGraceSeconds: 60 })
    joinAll(line, ['ann', 'ben'])
    expireSilent(line, silentFrom)
    livePlace(line, 'ann', silentFrom + 59_000)
    const { value, notices } = expireSilent(line, silentFrom + 61_000)
    expect(value.expired).toBe(1)
    expect(notices).toEqual([{ kind: 'place_ended', userId: 'ben', reason: 'expired' }])
    expect(line.waiting.get('ann')).toBeDefined()
  })

  it('D10: a paused sale ends nobody, and resuming starts the grace anew', () => {
    const line = lineWith({ capacity: 0 })
    joinAll(line, ['ann'])
    act(line, 'pause', T0, tools)
    for (let minute = 1; minute < 60; minute += 1) expireSilent(line, T0 + minute * 60_000)
    expect(line.waiting.size).toBe(1)
    const resumedAtMs = T0 + 3_600_000
    act(line, 'resume', resumedAtMs, tools)
    expireSilent(line, resumedAtMs + 59_000)
    expect(line.waiting.size).toBe(1)
    expireSilent(line, resumedAtMs + 61_000)
    expect(line.waiting.size).toBe(0)
  })
})

describe('admissions', () => {
  function admitted(change = {}) {
    const line = lineWith({ capacity: 1, ...change })
    joinAll(line, ['ann', 'ben'])
    const [record] = promote(line)
    if (record === undefined) throw new Error('nobody was admitted')
    return { line, record }
  }

  it('INV-5, D8: the token never changes, however often it is asked for', () => {
    const { line, record } = admitted()
    const shown = [
      placeOf(line, 'ann'),
      placeOf(line, 'ann', T0 + 100_000),
      join(line, 'ann', T0 + 1_000).value,
    ]
    expect(shown).toMatchObject([
      { entryToken: record.token },
      { entryToken: record.token },
      { ok: true, value: { place: { entryToken: record.token } } },
    ])
  })

  it('INV-5: one session redeems it, and may ask again', () => {
    const { line, record } = admitted()
    const first = redeem(line, record, 'session-1', T0 + 1_000)
    const current = line.ledger.get(record.admissionId) ?? record
    expect(redeem(line, current, 'session-1', T0 + 2_000).value).toEqual(first.value)
    expect(redeem(line, current, 'session-2', T0 + 2_000).value).toMatchObject({
      ok: false,
      error: { reason: 'token-already-redeemed' },
    })
  })

  it('INV-6, D2, D3: it ends once, however often and however it is ended', () => {
    const { line, record } = admitted()
    const first = end(line, record, 'completed', T0 + 1_000)
    const ended = line.ledger.get(record.admissionId) ?? record
    const again = end(line, ended, 'cancelled', T0 + 2_000)
    expect(again).toEqual({ value: first.value, changes: [], notices: [] })
    expect(leave(line, 'ann', T0 + 3_000).changes).toEqual([])
    expect(line.ledger.debts()).toHaveLength(1)
    expect(line.ledger.liveCount).toBe(0)
  })

  it('D1, D13: a lease lives until completion, cancel or expiry, and its end makes room', () => {
    const { line, record } = admitted()
    expect(promote(line)).toEqual([])
    const { value } = expireLeases(line, record.leaseExpiresAtMs + 1)
    expect(value).toEqual({ ended: 1, noShows: 1 })
    livePlace(line, 'ben', record.leaseExpiresAtMs)
    expect(promote(line, record.leaseExpiresAtMs + 1).map((next) => next.userId)).toEqual(['ben'])
  })

  it('renewing never passes the longest session and never shortens', () => {
    const { line, record } = admitted({ leaseTtlSeconds: 600, maxSessionSeconds: 700 })
    redeem(line, record, 's', T0)
    const renewedAt = (nowMs: number) => {
      renew(line, line.ledger.get(record.admissionId) ?? record, nowMs)
      return line.ledger.get(record.admissionId)?.leaseExpiresAtMs
    }
    expect(renewedAt(T0 + 50_000)).toBe(T0 + 650_000)
    expect(renewedAt(T0 + 200_000)).toBe(T0 + 700_000)
    expect(renew(line, line.ledger.get(record.admissionId) ?? record, T0 + 700_000).value).toMatchObject({
      ok: false,
      error: { reason: 'admission-ended' },
    })
  })
})

describe('the event', () => {
  it('opens and closes by its schedule, and a draw happens at the opening', () => {
    const line = lineWith({
      queueing: 'lottery',
      opensAt: new Date(T0 + 60_000).toISOString(),
      closesAt: new Date(T0 + 120_000).toISOString(),
    })
    const users = Array.from({ length: 50 }, (_, index) => `u${index}`)
    joinAll(line, users)
    expect([line.event.status, placeOf(line, 'u0')?.position]).toEqual(['scheduled', null])
    followSchedule(line, T0 + 60_000, tools)
    join(line, 'late', T0 + 61_000)
    const positions = users.map((userId) => placeOf(line, userId, T0 + 61_000)?.position)
    expect(positions.toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual(users.map((_, index) => index + 1))
    expect(positions).not.toEqual(users.map((_, index) => index + 1))
    expect(placeOf(line, 'late', T0 + 61_000)?.position).toBe(51)
    expect(line.event.lottery?.entrants).toBe(50)
    followSchedule(line, T0 + 120_000, tools)
    expect([line.event.status, line.waiting.size]).toEqual(['closed', 0])
  })

  it('an event that was made open has no draw to show, whatever happens to it later', () => {
    const line = lineWith({ queueing: 'lottery' })
    joinAll(line, ['ann', 'ben'])
    act(line, 'pause', T0, tools)
    act(line, 'resume', T0, tools)
    expect(line.event.lottery?.entrants).toBeNull()
    expect([placeOf(line, 'ann')?.position, placeOf(line, 'ben')?.position]).toEqual([1, 2])
  })

  it('sold-out and close end every wait with their own reason', () => {
    for (const [action, reason] of [
      ['sold-out', 'sold_out'],
      ['close', 'closed'],
    ] as const) {
      const line = lineWith()
      joinAll(line, ['ann', 'ben'])
      const { notices } = act(line, action, T0, tools)
      expect(notices.slice(1)).toEqual(
        ['ann', 'ben'].map((userId) => ({ kind: 'place_ended', userId, reason })),
      )
    }
  })

  it('D5: capacity is configuration that acts at once, also for those who wait', () => {
    const line = lineWith({ capacity: 0 })
    joinAll(line, ['a', 'b', 'c'])
    expect(promote(line)).toEqual([])
    reconfigure(line, config({ capacity: 2 }), null, null, T0, tools)
    expect(promote(line)).toHaveLength(2)
  })

  it('an action that is not for this status is refused and changes nothing', () => {
    const line = lineWith({ status: 'closed' })
    expect(act(line, 'pause', T0, tools)).toMatchObject({
      value: { ok: false, error: { reason: 'invalid-transition' } },
      changes: [],
    })
  })

  it('sleeps when nothing is due, and ticks each second while somebody waits', () => {
    const line = lineWith({ capacity: 1 })
    expect(nextWakeMs(line, 0, T0 + 300)).toBeNull()
    joinAll(line, ['ann'])
    expect(nextWakeMs(line, 0, T0 + 300)).toBe(T0 + 1_000)
    const [record] = promote(line)
    expect(nextWakeMs(line, 0, T0 + 300)).toBe(T0 + 10_000)
    expireSilent(line, T0 + 10_000)
    expect(nextWakeMs(line, 0, T0 + 10_300)).toBe(record?.leaseExpiresAtMs)
  })
})
