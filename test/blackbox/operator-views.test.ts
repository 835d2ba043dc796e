/** What operators look up beside the contract: visitors, exports and charts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFaults, expectProblem, fieldsOf, ISO_TIME } from '../support/contract.ts'
import { csv } from '../support/csv.ts'
import { eventually, startTestUsher, type Api, type TestUsher } from '../support/usher.ts'

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

describe('a visitor', () => {
  it('is shown with all places here, newest first, and with what became of the admissions', async () => {
    const eventId = await api.event({ capacity: 1 })
    const [ada, bob] = await api.visitors(2)
    if (ada === undefined || bob === undefined) throw new Error('no visitors')
    await api.join(eventId, ada)
    const inside = await api.admitted(eventId, ada)
    await api.redeem(inside.entryToken, 'session')
    await api.join(eventId, bob)
    const stream = await api.stream(eventId, bob)
    await stream.next('position')

    const waiting = await api.admin('GET', `events/${eventId}/visitors/${bob.userId}`)
    expect(waiting.status).toBe(200)
    expect(waiting.body).toEqual({
      userId: bob.userId,
      eventId,
      places: [
        {
          joinNumber: 2,
          number: 2,
          state: 'WAITING',
          joinedAt: expect.stringMatching(ISO_TIME),
          endedAt: null,
          absentSince: null,
          streaming: true,
          position: 1,
          admission: null,
        },
      ],
    })
    stream.close()
    await eventually(async () => {
      const { body } = await api.admin('GET', `events/${eventId}/visitors/${bob.userId}`)
      const [place] = body.places
      return !place.streaming && ISO_TIME.test(place.absentSince ?? '') ? place : null
    })

    await api.leave(eventId, ada)
    await api.join(eventId, ada)
    const { body } = await api.admin('GET', `events/${eventId}/visitors/${ada.userId}`)
    expect(body.places).toHaveLength(2)
    expect(body.places[1]).toMatchObject({
      joinNumber: 1,
      state: 'LEFT',
      endedAt: expect.stringMatching(ISO_TIME),
      position: null,
      admission: { admissionId: inside.admissionId, userId: ada.userId, state: 'ended', outcome: 'left' },
    })
    const found = await api.admin('GET', `admissions/${inside.admissionId}`)
    expect([found.status, found.body]).toEqual([200, body.places[1].admission])
    expect(JSON.stringify(body)).not.toContain(inside.entryToken)
  })

  it('who never joined, or an event or an admission that is not there, is not found', async () => {
    const eventId = await api.event()
    expectProblem(await api.admin('GET', `events/${eventId}/visitors/nobody`), 404, 'not-in-queue')
    expectProblem(
      await api.admin('GET', `events/${eventId}/visitors/${'x'.repeat(129)}`),
      404,
      'not-in-queue',
    )
    expectProblem(await api.admin('GET', 'events/nowhere/visitors/nobody'), 404, 'event-not-found')
    expectProblem(await api.admin('GET', 'events/nowhere/series'), 404, 'event-not-found')
    expectProblem(await api.admin('GET', 'events/nowhere/export.csv?what=places'), 404, 'event-not-found')
    expectProblem(
      await api.admin('GET', `admissions/${eventId}.${'A'.repeat(22)}`),
      404,
      'admission-not-found',
    )
  })

  it('whose place the operator ends hears it, and the next in line goes in', async () => {
    const eventId = await api.event({ capacity: 1 })
    const [first, second] = await api.visitors(2)
    if (first === undefined || second === undefined) throw new Error('no visitors')
    await api.join(eventId, first)
    const { admissionId } = await api.admitted(eventId, first)
    await api.join(eventId, second)
    const stream = await api.stream(eventId, first)
    await stream.next('promotion')
    for (const _twice of [1, 2]) {
      expect((await api.admin('DELETE', `events/${eventId}/visitors/${first.userId}`)).status).toBe(204)
    }
    expect((await stream.next('end')).data.reason).toBe('left')
    await api.admitted(eventId, second)
    expect((await api.admin('GET', `admissions/${admissionId}`)).body).toMatchObject({ outcome: 'left' })
  })
})

describe('an export', () => {
  it('of two thousand places is whole, in order, and without a token', async () => {
    const eventId = await api.event({ capacity: 3, disconnectGraceSeconds: 3_600 })
    const visitors = await api.visitors(2_000)
    for (let from = 0; from < visitors.length; from += 100) {
      const joined = await Promise.all(
        visitors.slice(from, from + 100).map((visitor) => api.join(eventId, visitor)),
      )
      expect(joined.every(({ status }) => status === 201)).toBe(true)
    }
    const admissions = await eventually(async () => {
      const found = await csv(api, `events/${eventId}/export.csv?what=admissions`)
      return found.rows.length === 3 ? found : null
    })
    const places = await csv(api, `events/${eventId}/export.csv?what=places`)
    expect(places.headers.get('content-disposition')).toBe(`attachment; filename="${eventId}-places.csv"`)
    expect(places.rows.map(({ joinNumber }) => Number(joinNumber))).toEqual(
      visitors.map((_, index) => index + 1),
    )
    expect(new Set(places.rows.map(({ userId }) => userId))).toEqual(
      new Set(visitors.map(({ userId }) => userId)),
    )
    for (const row of places.rows) expect(row['joinedAt']).toMatch(ISO_TIME)
    expect(places.rows.filter(({ state }) => state === 'ADMITTED').map((row) => row['admissionId'])).toEqual(
      admissions.rows.map((row) => row['admissionId']),
    )
    expect(fieldsOf(admissions.rows[0] ?? {})).toEqual(
      [
        'admissionId',
        'joinNumber',
        'userId',
        'state',
        'joinedAt',
        'admittedAt',
        'redeemedAt',
        'leaseExpiresAt',
        'endedAt',
        'outcome',
      ].toSorted(),
    )
    expect(JSON.stringify([places.rows, admissions.rows])).not.toMatch(/eyJ/)
    expectFaults(await api.admin('GET', `events/${eventId}/export.csv`), '/what')
    expectFaults(await api.admin('GET', `events/${eventId}/export.csv?what=tokens`), '/what')
  })
})

describe('the charts of an event', () => {
  it('show what happened, and what was saved outlives the runtime', async () => {
    const eventId = await api.event({ capacity: 2 })
    const visitors = await api.visitors(5)
    for (const visitor of visitors) await api.join(eventId, visitor)
    const [first] = visitors
    if (first === undefined) throw new Error('no visitor')
    const { admissionId } = await api.admitted(eventId, first)
    await api.release(admissionId)

    const sums = (samples: Record<string, number>[]) => ({
      joined: samples.reduce((sum, sample) => sum + (sample['joined'] ?? 0), 0),
      admitted: samples.reduce((sum, sample) => sum + (sample['admitted'] ?? 0), 0),
      ended: samples.reduce((sum, sample) => sum + (sample['ended'] ?? 0), 0),
    })
    const shown = await eventually(async () => {
      const { body } = await api.admin('GET', `events/${eventId}/series`)
      return sums(body.samples).admitted === 3 ? body : null
    })
    expect(shown.stepSeconds).toBe(10)
    expect(sums(shown.samples)).toEqual({ joined: 5, admitted: 3, ended: 1 })
    const last = shown.samples.at(-1)
    expect(last).toMatchObject({ waiting: 2, inside: 2, capacity: 2, streams: 0, noShows: 0, errors: 0 })
    expect(last.at).toMatch(/T\d\d:\d\d:\d0\.000Z$/)
    expect(last.waitSecondsP95).toBeGreaterThanOrEqual(last.waitSecondsP50)

    // The step is over; then the watchdog comes.
    await eventually(async () => {
      const { body } = await api.admin('GET', `events/${eventId}/series?minutes=1`)
      return body.samples.length > shown.samples.length ? body : null
    }, 15_000)
    await usher.runtime.runCron()
    usher = await usher.restart()
    api = usher.api
    const kept = await api.admin('GET', `events/${eventId}/series`)
    expect(sums(kept.body.samples)).toEqual({ joined: 5, admitted: 3, ended: 1 })
    const times = kept.body.samples.map(({ at }: { at: string }) => at)
    expect(times).toEqual([...new Set(times)].toSorted())
    expectFaults(await api.admin('GET', `events/${eventId}/series?minutes=241`), '/minutes')
    expectFaults(await api.admin('GET', `events/${eventId}/series?minutes=many`), '/minutes')
  })
})
