/** An idempotency key: the first answer to a request is the answer to its repetitions. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectProblem } from '../support/contract.ts'
import { exactRequest } from '../support/exact-request.ts'
import { startTestUsher, type Answer, type Api, type TestUsher, type Visitor } from '../support/usher.ts'

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

describe.concurrent('an idempotency key', () => {
  let keys = 0
  const newKey = (): string => `key-${process.pid}-${(keys += 1)}`
  const start = (key: string, body: unknown = {}): Promise<Answer> =>
    api.request('POST', '/api/v1/sessions', { body, headers: { 'idempotency-key': key } })
  const join = (eventId: string, { token }: Visitor, key: string, body?: unknown): Promise<Answer> =>
    api.request('POST', `/api/v1/events/${eventId}/queue`, {
      token,
      headers: { 'idempotency-key': key },
      ...(body !== undefined && { body }),
    })

  it('with the same body answers the same session, cookie included', async () => {
    const key = newKey()
    const [first, second] = [await start(key), await start(key)]
    expect([second.status, second.body]).toEqual([first.status, first.body])
    expect(second.headers.get('set-cookie')).toBe(first.headers.get('set-cookie'))
    expect((await start(newKey())).body.userId).not.toBe(first.body.userId)
  })

  it('answers the first join to a retry, although the place has moved on since', async () => {
    const eventId = await api.event({ status: 'paused' })
    const [ahead, visitor] = await Promise.all([api.visitor(), api.visitor()])
    await api.join(eventId, ahead)
    const key = newKey()
    const first = await join(eventId, visitor, key)
    await api.leave(eventId, ahead)
    const retried = await join(eventId, visitor, key)
    expect([retried.status, retried.body]).toEqual([201, first.body])
    expect((await api.place(eventId, visitor)).body.position).toBe(1)
  })

  it('with another body or at another address is 422, and changes nothing', async () => {
    const [eventId, otherId] = [await api.event({ status: 'paused' }), await api.event({ status: 'paused' })]
    const visitor = await api.visitor()
    const key = newKey()
    expect((await join(eventId, visitor, key, {})).status).toBe(201)
    expectProblem(await join(eventId, visitor, key, { other: 1 }), 422, 'idempotency-key-reused')
    expectProblem(await join(otherId, visitor, key, {}), 422, 'idempotency-key-reused')
    expect((await api.status(otherId)).body.waiting).toBe(0)
  })

  it('is the caller’s own: the same one of another visitor is another', async () => {
    const eventId = await api.event({ status: 'paused' })
    const visitors = await api.visitors(3)
    const key = newKey()
    for (const [index, visitor] of visitors.entries()) {
      const { status, body } = await join(eventId, visitor, key)
      expect([status, body.userId, body.position]).toEqual([201, visitor.userId, index + 1])
    }
  })

  it('used at once by many makes one session', async () => {
    const key = newKey()
    const answers = await Promise.all(Array.from({ length: 8 }, () => start(key)))
    const users = new Set(
      answers.filter(({ status }) => status === 201).map(({ body }) => body.userId as string),
    )
    expect(users.size).toBe(1)
    for (const answer of answers) if (answer.status !== 201) expectProblem(answer, 409, 'request-in-progress')
    expect((await start(key)).body.userId).toBe([...users][0])
  })

  it('has 1 to 128 printable characters, else it is 400', async () => {
    for (const key of ['', 'x'.repeat(129), 'caf\u00e9', 'a\tb']) {
      const answer = await exactRequest(usher.url, 'POST', '/api/v1/sessions', {
        headers: { 'idempotency-key': key },
      })
      expect([key, answer.status]).toEqual([key, 400])
      expectProblem(answer, 400, 'invalid-request')
    }
    expect((await start('x'.repeat(128))).status).toBe(201)
  })

  it('of a refused request may be used again', async () => {
    const eventId = await api.event({ status: 'scheduled' })
    const visitor = await api.visitor()
    const key = newKey()
    expectProblem(await join(eventId, visitor, key), 409, 'event-not-open')
    await api.admin('POST', `events/${eventId}/open`)
    expect((await join(eventId, visitor, key)).status).toBe(201)
  })
})
