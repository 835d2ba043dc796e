import { describe, expect, it } from 'vitest'
import type { AuditEntry, EventDetail } from '../../../src/pages/admin/model/answers.ts'
import {
  actionText,
  changeTexts,
  originText,
  outcomeText,
} from '../../../src/pages/admin/model/audit-words.ts'
import { inOrderOfAttention, insidePool } from '../../../src/pages/admin/model/event-order.ts'
import { clockSkewMs } from '../../../src/pages/admin/model/clock.ts'
import { failureOf, failureText, isNobody, isSignedOut } from '../../../src/pages/admin/model/failure.ts'
import { look, pacePerMinute } from '../../../src/pages/admin/model/pace.ts'
import { listEveryMs, pollDelayMs } from '../../../src/pages/admin/model/poll-delay.ts'
import { PROBLEMS } from '../../../src/http/problem-catalog.ts'
import { texts } from '../../../src/pages/admin/texts.ts'

const ENTRY: AuditEntry = {
  entryId: '42',
  at: '2026-01-05T18:00:00.101Z',
  operator: { kind: 'session', name: 'Ada' },
  address: '203.0.113.7',
  requestId: 'r-1',
  action: 'event.patch',
  eventId: 'demo',
  poolId: null,
  admissionId: null,
  userId: null,
  changes: [
    { field: 'capacity', before: 100, after: 200 },
    { field: 'opensAt', before: '2026-01-05T18:00:00Z', after: null },
    { field: 'public', before: null, after: true },
  ],
  outcome: 'done',
  problem: null,
}

describe('an entry of the audit log', () => {
  it('reads as a sentence of what was changed', () => {
    expect(changeTexts(ENTRY)).toEqual([
      'capacity: 100 → 200',
      'opensAt: 2026-01-05T18:00:00Z → nothing',
      'public: true',
    ])
    expect(originText(ENTRY)).toBe('signed in, from 203.0.113.7')
    expect(actionText(ENTRY)).toBe('Changed the event')
    expect(actionText({ ...ENTRY, action: 'event.put' })).toBe('Replaced the event')
    const made = [{ field: 'capacity', before: null, after: 200 }]
    expect(actionText({ ...ENTRY, action: 'event.put', changes: made })).toBe('Created the event')
  })

  it('says why something was not done, and shows an action that it does not know by its name', () => {
    expect(outcomeText({ ...ENTRY, outcome: 'refused', problem: 'event-not-closed' })).toBe(
      'refused: event-not-closed',
    )
    expect(actionText({ ...ENTRY, action: 'event.rename' as AuditEntry['action'] })).toBe('event.rename')
  })
})

describe('a call that failed', () => {
  const headers = new Headers({ 'Retry-After': '7' })
  const problem = (code: string, more: object = {}) =>
    failureOf(409, { code, detail: 'The detail.', instance: 'r-9', ...more }, headers)

  it('says what happened and what to do about it', () => {
    expect(failureText({ kind: 'unreachable' })).toMatch(/cannot be reached\. Check the connection/)
    expect(failureText({ kind: 'timeout', afterSeconds: 12 })).toMatch(
      /within 12 s.*look before you repeat it/,
    )
    expect(failureText(failureOf(502, undefined, headers))).toMatch(/status 502/)
    expect(failureText(problem('invalid-transition', { eventStatus: 'sold_out' }))).toMatch(
      /event that is sold out/,
    )
    expect(failureText(problem('rate-limited'))).toMatch(/Wait 7 s/)
    expect(failureText(problem('internal-error'))).toMatch(/request r-9/)
    expect(failureText(problem('some-new-problem'))).toBe('The detail.')
  })

  it('is known by codes that the API has', () => {
    expect(Object.keys(PROBLEMS)).toEqual(expect.arrayContaining(Object.keys(texts.failures.byCode)))
  })

  it('means the end of the session only when it says so', () => {
    expect(isSignedOut(problem('unauthenticated'))).toBe(true)
    expect(isSignedOut(problem('forbidden'))).toBe(false)
    expect(isNobody(failureOf(403, { code: 'forbidden', detail: '' }, headers))).toBe(true)
    expect(isNobody({ kind: 'unreachable' })).toBe(false)
  })

  it('keeps the errors that name a field, and nothing that is malformed', () => {
    const errors = [{ pointer: '/capacity', detail: 'Too big' }, { pointer: 1 }, null]
    expect(problem('invalid-request', { errors })).toMatchObject({ errors: [errors[0]] })
  })
})

describe('the pace of an event', () => {
  it('is what was admitted over the time that was seen, at most a minute', () => {
    let history = look([], { atMs: 0, total: 100 })
    expect(pacePerMinute(history)).toBeNull()
    history = look(history, { atMs: 10_000, total: 150 })
    expect(pacePerMinute(history)).toBe(300)
    history = look(history, { atMs: 65_000, total: 150 })
    expect(pacePerMinute(history)).toBe(0)
  })

  it('begins anew with an event that was made again', () => {
    expect(look([{ atMs: 0, total: 100 }], { atMs: 1_000, total: 0 })).toEqual([{ atMs: 1_000, total: 0 }])
  })
})

it('asking again takes longer with each failure, within bounds, and never less than the server said', () => {
  expect([0, 1, 2, 3, 9].map((failures) => pollDelayMs(failures))).toEqual([
    2_000, 4_000, 8_000, 15_000, 15_000,
  ])
  expect(pollDelayMs(1, 30)).toBe(30_000)
  expect(pollDelayMs(2, null, 60_000)).toBe(60_000)
  expect([0, 20, 21, 1_000].map((events) => listEveryMs(events))).toEqual([2_000, 2_000, 4_000, 15_000])
})

it('a clock that is off is noticed, and a second or two is not', () => {
  const nowMs = Date.UTC(2026, 0, 5, 18, 0, 30)
  expect(clockSkewMs('Mon, 05 Jan 2026 18:02:30 GMT', nowMs)).toBe(120_000)
  expect(clockSkewMs('Mon, 05 Jan 2026 18:00:10 GMT', nowMs)).toBe(-20_000)
  expect(clockSkewMs('Mon, 05 Jan 2026 18:00:29 GMT', nowMs)).toBe(0)
  expect([clockSkewMs(null, nowMs), clockSkewMs('yesterday', nowMs)]).toEqual([0, 0])
})

describe('the list of events', () => {
  const event = (eventId: string, more: Partial<EventDetail>): EventDetail =>
    ({ eventId, name: eventId, status: 'open', poolId: null, admitted: 0, ...more }) as EventDetail

  it('has what goes on first and what is over last, by name', () => {
    const events = [
      event('a', { status: 'closed' }),
      event('night 10', {}),
      event('b', { status: 'paused' }),
      event('night 9', {}),
      event('c', { status: 'scheduled' }),
    ]
    expect(inOrderOfAttention(events).map(({ eventId }) => eventId)).toEqual([
      'night 9',
      'night 10',
      'b',
      'c',
      'a',
    ])
  })

  it('adds up who is inside the events that share a pool', () => {
    const events = [
      event('a', { poolId: 'hall', admitted: 3 }),
      event('b', { poolId: 'hall', admitted: 4 }),
      event('c', { admitted: 5 }),
    ]
    expect(insidePool('hall', events)).toEqual({ inside: 7, events: 2 })
  })
})
