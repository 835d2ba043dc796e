/** The document of progress on the real runtime: what a page that polls can conclude from it, and how it is cached. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { positionBound, type Progress } from '../../src/client/position-bound.ts'
import {
  ADMIN_KEY,
  eventually,
  startTestUsher,
  type Answer,
  type Api,
  type TestUsher,
} from '../support/usher.ts'
import { expectProblem, fieldsOf, ISO_TIME } from '../support/contract.ts'

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

function progress(eventId: string, headers: Record<string, string> = {}): Promise<Answer> {
  return api.request('GET', `/api/v1/events/${eventId}/progress`, { headers })
}

/** A document that the line has made after this call. */
function nextProgress(eventId: string, fits: (document: Progress) => boolean): Promise<Progress> {
  return eventually(async () => {
    const { body } = await progress(eventId)
    return fits(body) ? (body as Progress) : null
  }, 10_000)
}

describe.concurrent('what follows from the document', () => {
  it.each(['fifo', 'lottery'])(
    'INV-8: of 200 who join, leave and are admitted, each finds a position that is never below the own one (%s)',
    async (queueing) => {
      const eventId = await api.event({
        capacity: 15,
        disconnectGraceSeconds: 600,
        queueing,
        status: queueing === 'lottery' ? 'scheduled' : 'paused',
        opensAt: queueing === 'lottery' ? '2099-01-01T00:00:00.000Z' : null,
      })
      const visitors = await api.visitors(200)
      for (const visitor of visitors) await api.join(eventId, visitor)
      const joined = await nextProgress(eventId, ({ waiting }) => waiting === 200)
      await api.admin('POST', `events/${eventId}/open`)
      await nextProgress(eventId, ({ waiting }) => waiting === 185)
      await api.admin('POST', `events/${eventId}/pause`)
      const earlier = await nextProgress(eventId, ({ status }) => status === 'paused')
      // Every third one, so that what follows from the document is not exact everywhere.
      await Promise.all(
        visitors.filter((_, at) => at % 3 === 0).map((visitor) => api.leave(eventId, visitor)),
      )
      const places = await Promise.all(visitors.map((visitor) => api.place(eventId, visitor)))
      const waiting = places.map(({ body }) => body).filter(({ state }) => state === 'WAITING')
      const document = await nextProgress(eventId, (latest) => latest.waiting === waiting.length)
      expect(waiting.length).toBeGreaterThan(100)
      let isAbove = 0
      for (const { number, position } of waiting) {
        const bound = positionBound(document.steps, number) ?? 0
        expect(bound).toBeGreaterThanOrEqual(position)
        expect(bound).toBeLessThan(position * 1.25)
        if (position <= 32) expect(bound).toBe(position)
        expect(positionBound(earlier.steps, number)).toBeGreaterThanOrEqual(bound)
        if (queueing === 'fifo') expect(positionBound(joined.steps, number)).toBeGreaterThanOrEqual(bound)
        isAbove += Number(bound > position)
      }
      expect(isAbove).toBeGreaterThan(0)
      expect(joined.steps).toEqual(queueing === 'lottery' ? [] : [[200, 200]])
    },
    60_000,
  )

  it('who was admitted is not above nowServing, and a place says its number while it waits', async () => {
    const eventId = await api.event({ capacity: 1 })
    const [first, second] = [await api.visitor(), await api.visitor()]
    await api.join(eventId, first)
    await api.admitted(eventId, first)
    const { body } = await api.join(eventId, second)
    expect(body).toMatchObject({ joinNumber: 2, number: 2, position: 1 })
    expect((await api.place(eventId, first)).body.number).toBeNull()
    const document = await nextProgress(eventId, ({ waiting }) => waiting === 1)
    expect(document).toMatchObject({ nowServing: 1, steps: [[2, 1]] })
    expect(document.pacePerMinute?.low).toBeGreaterThan(0)
  })

  it('it works the same when joins come by shards', async () => {
    const eventId = await api.event({ capacity: 0, disconnectGraceSeconds: 600, expectedPeak: 20_000 })
    const visitors = await api.visitors(60)
    // The first one asks the line, which says how the event is spread.
    await api.join(eventId, visitors[0] ?? (await api.visitor()))
    const joins = await Promise.all(visitors.map((visitor) => api.join(eventId, visitor)))
    const { steps } = await nextProgress(eventId, ({ waiting }) => waiting === 60)
    for (const { body } of joins) expect(positionBound(steps, body.number)).toBe(body.position)
  })
})

describe('how it is cached', () => {
  it('is public for a second, has the stated fields, and is the same for everybody', async () => {
    const eventId = await api.event({ capacity: 0 })
    const { status, body, headers } = await progress(eventId)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('public, max-age=1')
    expect(headers.get('age')).toMatch(/^[0-9]+$/)
    expect(headers.get('set-cookie')).toBeNull()
    expect(fieldsOf(body)).toEqual([
      'eventId',
      'holding',
      'nowServing',
      'pacePerMinute',
      'status',
      'steps',
      'updatedAt',
      'waiting',
    ])
    expect(body.updatedAt).toMatch(ISO_TIME)
    const asOperator = await progress(eventId, { authorization: `Bearer ${ADMIN_KEY}` })
    expect(asOperator.body).toEqual(body)
  })

  it('is 304 for who has it, and new within two seconds of a change', async () => {
    const eventId = await api.event({ capacity: 0 })
    const { headers } = await progress(eventId)
    const etag = headers.get('etag') ?? ''
    const again = await progress(eventId, { 'if-none-match': etag })
    expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, '', etag])
    await api.join(eventId, await api.visitor())
    const changed = await eventually(async () => {
      const answer = await progress(eventId, { 'if-none-match': etag })
      return answer.status === 200 ? answer : null
    }, 2_500)
    expect(changed.body.steps).toEqual([[1, 1]])
    expect(changed.headers.get('etag')).not.toBe(etag)
  })

  it('a query or a header of a stranger changes nothing of what others get', async () => {
    const eventId = await api.event({ capacity: 0 })
    const { body } = await progress(eventId)
    const path = `/api/v1/events/${eventId}/progress?waiting=9&eventId=other`
    const headers = { 'x-forwarded-host': 'evil.example', 'cache-control': 'no-cache', range: 'bytes=0-3' }
    expect((await api.request('GET', path, { headers })).body).toEqual(body)
    expect((await progress(eventId)).body).toEqual(body)
  })

  it('HEAD has the headers alone, other methods are 405, an unknown event is 404, a bad id 400', async () => {
    const eventId = await api.event()
    const head = await api.request('HEAD', `/api/v1/events/${eventId}/progress`)
    expect([head.status, head.body]).toEqual([200, ''])
    expect(head.headers.get('etag')).toMatch(/^"/)
    const posted = await api.request('POST', `/api/v1/events/${eventId}/progress`)
    expectProblem(posted, 405, 'method-not-allowed')
    expect(posted.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expectProblem(await progress('never-made'), 404, 'event-not-found')
    expectProblem(await progress('-bad'), 400, 'invalid-request')
  })

  it('an event that is deleted has none any more after a second, one that is made again has its own', async () => {
    const eventId = await api.event({ capacity: 0 })
    await api.join(eventId, await api.visitor())
    await nextProgress(eventId, ({ waiting }) => waiting === 1)
    await api.admin('POST', `events/${eventId}/close`)
    expect((await api.admin('DELETE', `events/${eventId}`)).status).toBe(204)
    await eventually(async () => ((await progress(eventId)).status === 404 ? true : null), 2_500)
    await api.putEvent(eventId, { capacity: 0 })
    expect((await progress(eventId)).body).toMatchObject({ waiting: 0, steps: [[0, 0]] })
  })
})
