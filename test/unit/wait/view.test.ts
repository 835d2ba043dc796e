/** What a visitor reads follows from how they stand, in every situation and language. */
import { describe, expect, it } from 'vitest'
import { texts as english } from '../../../src/pages/locales/en.ts'
import { texts as korean } from '../../../src/pages/locales/ko.ts'
import { formatOf } from '../../../src/pages/wait/format.ts'
import { paceAt, phaseOf, type Room } from '../../../src/pages/wait/room.ts'
import { viewOf, type View } from '../../../src/pages/wait/view.ts'
import { ADMITTED, EVERY_PHASE, NOW_MS, ROOMS, roomOf, WAITING } from './rooms.ts'

const inEnglish = (room: Room, isCounting = true): View =>
  viewOf(room, english, formatOf('en', english, 'UTC'), isCounting)
const inKorean = (room: Room): View => viewOf(room, korean, formatOf('ko', korean, 'UTC'), true)

describe('the phase', () => {
  it.each(EVERY_PHASE)('%s is what its room is in', (phase) => {
    expect(phaseOf(ROOMS[phase])).toBe(phase)
  })

  it.each(['sold_out', 'closed'] as const)(
    'a place that expired because the event is %s says so',
    (eventStatus) => {
      expect(phaseOf(roomOf({ eventStatus, standing: { state: 'ended', reason: 'expired' } }))).toBe(
        eventStatus,
      )
    },
  )
})

describe('a line', () => {
  it('shows place, people ahead and behind, a range of waiting time, the pace, and the way that is done', () => {
    expect(inEnglish(roomOf()).line).toEqual({
      position: '1,204',
      ahead: '1,203 people ahead of you',
      behind: '1,796',
      wait: 'about 8–12 minutes',
      pace: 'about 110 people a minute',
      progress: 1_204 / 2_407,
    })
    expect(inKorean(roomOf()).line).toMatchObject({
      ahead: '내 앞에 1,203명',
      wait: '약 8~12분',
      pace: '분당 약 110명',
    })
  })

  it('counts one person as one', () => {
    expect(inEnglish(roomOf({ standing: { ...WAITING, position: 2 } })).line?.ahead).toBe(
      '1 person ahead of you',
    )
  })

  it('promises nothing without evidence', () => {
    const room = roomOf({ pacePerMinute: null, standing: { ...WAITING, etaSeconds: null } })
    expect(inEnglish(room).line).toMatchObject({ wait: 'not known yet', pace: 'not known yet' })
  })

  it.each([
    [{ low: 2, high: 60 }, 'less than a minute'],
    [{ low: 5, high: 61 }, 'about 1–2 minutes'],
    [{ low: 61, high: 120 }, 'about 1–2 minutes'],
    [{ low: 3_000, high: 5_400 }, 'about 50–90 minutes'],
    [{ low: 5_000, high: 9_000 }, 'about 1–3 hours'],
  ])('of %j takes %s', (etaSeconds, wait) => {
    expect(inEnglish(roomOf({ standing: { ...WAITING, etaSeconds } })).line?.wait).toBe(wait)
  })

  it('is full at the head, also for who was there from the start, and has no bar before a draw', () => {
    const head = { ...WAITING, position: 1 }
    expect(inEnglish(roomOf({ standing: head })).line?.progress).toBe(1)
    expect(inEnglish(roomOf({ standing: head, firstPosition: null })).line?.progress).toBe(1)
    expect(inEnglish(ROOMS.drawing).line).toMatchObject({ progress: null, ahead: '3,000 people take part' })
  })

  it('knows the pace that a wait was reckoned with, unless the numbers are too small', () => {
    expect(paceAt(600, { low: 300, high: 600 })).toEqual({ low: 60, high: 120 })
    expect(paceAt(3, { low: 1, high: 4 })).toBeNull()
    expect(paceAt(600, null)).toBeNull()
  })
})

describe('times', () => {
  it('count down to the end of the entry, and are said in whole minutes where nothing counts', () => {
    expect(inEnglish(ROOMS.admitted).countdown).toBe('Go in within 4:05')
    expect(inEnglish(ROOMS.admitted, false).countdown).toBe('Go in within 5 minutes')
    expect(inKorean(ROOMS.admitted).countdown).toBe('4:05 안에 입장하세요')
  })

  it.each([
    [59, '0:59'],
    [3_600, '1:00:00'],
    [200_000, '3 days'],
  ])('an opening in %i seconds is in %s', (seconds, time) => {
    const opensAt = new Date(NOW_MS + seconds * 1_000).toISOString()
    expect(inEnglish({ ...ROOMS.scheduled, opensAt }).countdown).toBe(`Opens in ${time}`)
  })

  it('name the day and the hour of an opening, with the zone where it is not the visitor’s', () => {
    expect(inEnglish(ROOMS.scheduled).date).toMatch(
      /^Opens .*1 March.*10:10.*UTC|^Opens .*March 1.*10:10.*UTC/,
    )
    expect(
      inEnglish({ ...ROOMS.scheduled, opensAt: new Date(NOW_MS - 1).toISOString() }).countdown,
    ).toBeNull()
  })
})

describe('what a visitor can do', () => {
  it('is to go in when admitted and in time, and at no other moment', () => {
    expect(EVERY_PHASE.filter((phase) => inEnglish(ROOMS[phase]).canEnter)).toEqual(['admitted'])
  })

  it('is to leave as long as there is something to give up', () => {
    expect(EVERY_PHASE.filter((phase) => inEnglish(ROOMS[phase]).canLeave)).toEqual([
      'waiting',
      'next',
      'drawing',
      'paused',
      'held',
      'admitted',
      'ready',
    ])
  })

  it('is to join, to join again, or to look again, wherever the place is not theirs to follow', () => {
    const without = EVERY_PHASE.filter((phase) => inEnglish(ROOMS[phase]).again === null)
    expect(without).toEqual([
      'joining',
      'waiting',
      'next',
      'drawing',
      'paused',
      'held',
      'scheduled',
      'admitted',
      'ready',
      'entered',
      'missing',
    ])
  })
})

describe('the tab', () => {
  it('says the place, and that it is the turn', () => {
    expect(inEnglish(roomOf()).tabTitle).toBe('1,204 · A concert')
    expect(inEnglish(roomOf({ standing: ADMITTED })).tabTitle).toBe('● It is your turn · A concert')
    expect(inEnglish(ROOMS.closed).tabTitle).toBe('A concert')
  })
})

describe('the connection', () => {
  it('is spoken of when it is away, and only while there is a place to worry about', () => {
    expect(inEnglish(roomOf()).note).toBeNull()
    expect(inEnglish(roomOf({ connection: 'polling' })).note).toBeNull()
    expect(inEnglish(roomOf({ connection: 'away' })).note).toBe(english.away)
    expect(inEnglish({ ...ROOMS.closed, connection: 'away' }).note).toBeNull()
    expect(inEnglish(roomOf({ connection: 'offline' })).note).toBe(english.offline)
  })
})
