/** Ids, bodies and addresses that are refused, how it is said, and that nothing has changed after it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFaults, expectProblem } from '../support/contract.ts'
import { exactRequest, type ExactOptions } from '../support/exact-request.ts'
import { untouchedEvent } from '../support/untouched-event.ts'
import {
  ADMIN_KEY,
  ORIGIN_KEY,
  startTestUsher,
  type Answer,
  type Api,
  type TestUsher,
} from '../support/usher.ts'

const BODY_BYTES_MAX = 64 * 1024

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

const raw = (method: string, path: string, options?: ExactOptions): Promise<Answer> =>
  exactRequest(usher.url, method, path, options)

describe.concurrent('ids', () => {
  const BAD_IDS = [
    '_a',
    '-a',
    'a.b',
    'a:b',
    'a%2Fb',
    'a%20b',
    'a%0Ab',
    '%00',
    'a'.repeat(65),
    '%EA%B0%80',
    '..%2f..',
    '*',
    "a'b",
    'a%22b',
  ]
  /** Not even percent-encoding. */
  const BROKEN_IDS = ['%', '%zz', '%E0%A4%A', '%ff']

  it('that are none are 400 with the name of the parameter, at every address', async () => {
    const visitor = await api.visitor()
    const calls = (id: string) => [
      ['GET', `/api/v1/events/${id}`, ''],
      ['POST', `/api/v1/events/${id}/queue`, visitor.token],
      ['GET', `/api/v1/events/${id}/queue`, visitor.token],
      ['DELETE', `/api/v1/events/${id}/queue`, visitor.token],
      ['GET', `/api/v1/events/${id}/queue/stream`, visitor.token],
      ['GET', `/api/v1/broker/events/${id}/tickets/waiting`, visitor.token],
      ['GET', `/api/v1/admin/events/${id}`, ADMIN_KEY],
      ['DELETE', `/api/v1/admin/events/${id}`, ADMIN_KEY],
      ['POST', `/api/v1/admin/events/${id}/open`, ADMIN_KEY],
    ]
    for (const id of [...BAD_IDS, ...BROKEN_IDS]) {
      for (const [method = '', path = '', token = ''] of calls(id)) {
        const answer = await raw(method, path, {
          headers: token === '' ? {} : { authorization: `Bearer ${token}` },
        })
        expect([method, path, answer.status, answer.body.code]).toEqual([
          method,
          path,
          400,
          'invalid-request',
        ])
        expectFaults(answer, '/eventId')
      }
      const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' }
      const put = { headers, chunks: [Buffer.from('{"capacity":1}')] }
      expectFaults(await raw('PUT', `/api/v1/admin/events/${id}`, put), '/eventId')
      expectFaults(await raw('PUT', `/api/v1/admin/pools/${id}`, put), '/poolId')
      const page = await raw('GET', `/wait/${id}`)
      expect([id, page.status, page.headers.get('content-type')]).toEqual([
        id,
        400,
        expect.stringMatching(/^text\/html/),
      ])
    }
  })

  it('of 1 to 64 letters, digits, hyphens and underscores are good', async () => {
    for (const id of ['a', '0', 'A_-z', 'x'.repeat(64)]) {
      expect((await api.putEvent(id, {})).status).toBe(201)
      expect((await api.status(id)).body.eventId).toBe(id)
    }
  })
})

describe.concurrent('bodies', () => {
  const BROKEN = [
    '{',
    '{"a":}',
    'nonsense',
    "{'a':1}",
    '[]',
    '[{}]',
    '"text"',
    '5',
    'true',
    'null',
    '{"a":1}{"b":2}',
    '\u0000',
  ]

  it('that are no JSON object are 400, wherever a body is taken', async () => {
    const { eventId, visitor, admissionId, check } = await untouchedEvent(api)
    const calls = [
      ['POST', '/api/v1/sessions', ''],
      ['POST', `/api/v1/events/${eventId}/queue`, visitor.token],
      ['POST', '/api/v1/admissions/redeem', ORIGIN_KEY],
      ['POST', `/api/v1/admissions/${admissionId}/renew`, ORIGIN_KEY],
      ['POST', `/api/v1/admissions/${admissionId}/release`, ORIGIN_KEY],
      ['POST', `/api/v1/admin/admissions/${admissionId}/revoke`, ADMIN_KEY],
      ['PUT', `/api/v1/admin/events/${eventId}`, ADMIN_KEY],
      ['PATCH', `/api/v1/admin/events/${eventId}`, ADMIN_KEY],
      ['POST', `/api/v1/admin/events/${eventId}/close`, ADMIN_KEY],
      ['PUT', '/api/v1/admin/pools/refused', ADMIN_KEY],
    ] as const
    for (const [method, path, token] of calls) {
      for (const body of BROKEN) {
        const answer = await api.request(method, path, { body, ...(token !== '' && { token }) })
        expect([method, path, body, answer.status]).toEqual([method, path, body, 400])
        expectProblem(answer, 400, 'invalid-request')
      }
    }
    await check()
  })

  it('that are no UTF-8, or try to reach past their fields, are refused or harmless', async () => {
    const headers = { 'content-type': 'application/json' }
    expectProblem(
      await raw('POST', '/api/v1/sessions', { headers, chunks: [Buffer.from([0x7b, 0xff, 0x7d])] }),
      400,
      'invalid-request',
    )
    const polluting = await api.admin(
      'PUT',
      'events/polluted',
      '{"__proto__":{"capacity":5},"constructor":{"prototype":{"capacity":5}}}',
    )
    expectProblem(polluting, 400, 'invalid-request')
    expectProblem(await api.status('polluted'), 404, 'event-not-found')
    const deep = `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
    expect((await api.request('POST', '/api/v1/sessions', { body: deep })).status).toBe(201)
    expectProblem(await api.admin('PUT', 'events/deep', deep), 400, 'invalid-request')
  })

  it('may have 64 KiB to the byte, and no more, with a length or without', async () => {
    const ofSize = (bytes: number): string => `{"a":"${'x'.repeat(bytes - 8)}"}`
    const [fitting, tooLarge] = [ofSize(BODY_BYTES_MAX), ofSize(BODY_BYTES_MAX + 1)]
    expect([Buffer.byteLength(fitting), Buffer.byteLength(tooLarge)]).toEqual([
      BODY_BYTES_MAX,
      BODY_BYTES_MAX + 1,
    ])
    const headers = { 'content-type': 'application/json' }
    const chunked = (text: string): ExactOptions => ({
      headers,
      chunks: [Buffer.from(text.slice(0, 7)), Buffer.from(text.slice(7))],
    })
    expect((await api.request('POST', '/api/v1/sessions', { body: fitting })).status).toBe(201)
    expect((await raw('POST', '/api/v1/sessions', chunked(fitting))).status).toBe(201)
    expectProblem(await api.request('POST', '/api/v1/sessions', { body: tooLarge }), 413, 'body-too-large')
    expectProblem(await raw('POST', '/api/v1/sessions', chunked(tooLarge)), 413, 'body-too-large')
    const { eventId, visitor, check } = await untouchedEvent(api)
    expectProblem(await api.admin('PUT', `events/${eventId}`, tooLarge), 413, 'body-too-large')
    expectProblem(
      await api.request('POST', `/api/v1/events/${eventId}/queue`, { token: visitor.token, body: tooLarge }),
      413,
      'body-too-large',
    )
    expectProblem(
      await api.request('POST', '/api/v1/admissions/redeem', { token: ORIGIN_KEY, body: tooLarge }),
      413,
      'body-too-large',
    )
    await check()
  })

  it('must be application/json, with any parameter', async () => {
    const { eventId, visitor, check } = await untouchedEvent(api)
    const body = '{}'
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
      'application/xml',
      'json',
      ' ',
    ]) {
      const headers = { 'content-type': type }
      expectProblem(
        await api.request('POST', '/api/v1/sessions', { body, headers }),
        415,
        'unsupported-media-type',
      )
      expectProblem(
        await api.request('PATCH', `/api/v1/admin/events/${eventId}`, { body, headers, token: ADMIN_KEY }),
        415,
        'unsupported-media-type',
      )
      expectProblem(
        await api.request('POST', `/api/v1/events/${eventId}/queue`, { body, headers, token: visitor.token }),
        415,
        'unsupported-media-type',
      )
    }
    expectProblem(
      await raw('POST', '/api/v1/sessions', { chunks: [Buffer.from(body)] }),
      415,
      'unsupported-media-type',
    )
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'APPLICATION/JSON;charset=UTF-8',
    ]) {
      expect(
        (await api.request('POST', '/api/v1/sessions', { body, headers: { 'content-type': type } })).status,
      ).toBe(201)
    }
    await check()
  })

  it('of the shop name the field at fault', async () => {
    const { admissionId, token, check } = await untouchedEvent(api)
    for (const [body, ...pointers] of [
      [{}, '/token', '/sessionId'],
      [{ token }, '/sessionId'],
      [{ token, sessionId: '' }, '/sessionId'],
      [{ token, sessionId: 5 }, '/sessionId'],
      [{ token, sessionId: 'x'.repeat(129) }, '/sessionId'],
      [{ token, sessionId: 'a\nb' }, '/sessionId'],
      [{ token: 5, sessionId: 's' }, '/token'],
      [{ token: '', sessionId: 's' }, '/token'],
      [{ token: 'x'.repeat(5_000), sessionId: 's' }, '/token'],
    ] as [object, ...string[]][]) {
      expectFaults(await api.origin('POST', 'redeem', body), ...pointers)
    }
    for (const body of [
      {},
      { outcome: 'expired' },
      { outcome: null },
      { outcome: 'Completed' },
      { outcome: ['completed'] },
    ]) {
      expectFaults(await api.origin('POST', `${admissionId}/release`, body), '/outcome')
    }
    await check()
  })
})

describe.concurrent('addresses', () => {
  it('that do not exist are 404', async () => {
    const eventId = await api.event()
    const paths = [
      '/nope',
      '/api',
      '/api/v1',
      '/api/v2/events',
      '/api/v1/nope',
      '/api/v1/events/',
      `/api/v1/events/${eventId}/`,
      `/api/v1/events/${eventId}/queue/stream/more`,
    ]
    for (const path of [
      ...paths,
      '/api/v1/admin',
      '/api/v1/admin/events/x/explode',
      '/wait',
      '/wait/',
      '/metrics/x',
      '/.well-known/nope',
      '/api//v1/events',
    ]) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const answer = await raw(method, path, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
        expect([method, path, answer.status]).toEqual([method, path, 404])
        expectProblem(answer, 404, 'not-found')
      }
    }
  })

  it('with another method are 405, with the methods in Allow, whoever asks', async () => {
    const { eventId, admissionId, check } = await untouchedEvent(api)
    const calls: readonly (readonly [string, string, readonly string[]])[] = [
      ['/api/v1/sessions', 'GET', ['POST']],
      ['/api/v1/events', 'POST', ['GET']],
      [`/api/v1/events/${eventId}`, 'DELETE', ['GET']],
      [`/api/v1/events/${eventId}/queue`, 'PUT', ['POST', 'GET', 'DELETE']],
      [`/api/v1/events/${eventId}/queue/stream`, 'POST', ['GET']],
      [`/api/v1/broker/events/${eventId}/tickets/waiting`, 'POST', ['GET']],
      [`/wait/${eventId}`, 'POST', ['GET']],
      ['/api/v1/admissions/redeem', 'PUT', ['POST']],
      [`/api/v1/admissions/${admissionId}`, 'DELETE', ['GET']],
      [`/api/v1/admissions/${admissionId}/renew`, 'GET', ['POST']],
      [`/api/v1/admissions/${admissionId}/release`, 'GET', ['POST']],
      [`/api/v1/admin/events/${eventId}`, 'POST', ['PUT', 'PATCH', 'GET', 'DELETE']],
      ['/api/v1/admin/events', 'POST', ['GET']],
      [`/api/v1/admin/events/${eventId}/close`, 'GET', ['POST']],
      [`/api/v1/admin/admissions/${admissionId}/revoke`, 'GET', ['POST']],
      ['/api/v1/admin/pools/p', 'POST', ['PUT']],
      ['/metrics', 'POST', ['GET']],
      ['/healthz', 'PATCH', ['GET']],
      ['/openapi.json', 'PUT', ['GET']],
      ['/.well-known/jwks.json', 'DELETE', ['GET']],
    ]
    for (const [path, method, allowed] of calls) {
      const answer = await raw(method, path)
      expect([path, answer.status]).toEqual([path, 405])
      expectProblem(answer, 405, 'method-not-allowed')
      const allow = (answer.headers.get('allow') ?? '').split(/, */)
      expect(allow).toEqual(expect.arrayContaining([...allowed]))
      expect(allow).not.toContain(method)
    }
    await check()
  })

  it('of the waiting page’s files take nothing but GET, and say so as a problem', async () => {
    for (const path of ['/wait.js', '/']) {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const answer = await raw(method, path)
        expect([path, method, answer.status]).toEqual([path, method, 405])
        expectProblem(answer, 405, 'method-not-allowed')
        expect(answer.headers.get('allow')).toMatch(/\bGET\b/)
      }
    }
  })

  it('answer HEAD as GET without its body, and HEAD joins nobody', async () => {
    const eventId = await api.event({ status: 'paused' })
    const visitor = await api.visitor()
    for (const path of [`/api/v1/events/${eventId}`, '/healthz', '/openapi.json', `/wait/${eventId}`]) {
      const [head, get] = [await raw('HEAD', path), await api.request('GET', path)]
      expect([path, head.status, head.body]).toEqual([path, get.status, ''])
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
    }
    const broker = `/api/v1/broker/events/${eventId}/tickets/waiting`
    await raw('HEAD', broker, { headers: { authorization: `Bearer ${visitor.token}` } })
    expect((await api.status(eventId)).body.waiting).toBe(0)
  })
})

describe.concurrent('request ids', () => {
  it('are on every answer, never repeated, and never what a stranger wants them to be', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.request('GET', '/healthz')))
    expect(new Set(answers.map(({ headers }) => headers.get('x-request-id'))).size).toBe(20)
    const { headers } = await raw('GET', '/healthz', { headers: { 'x-request-id': '"><script>' } })
    expect(headers.get('x-request-id')).toMatch(/^[\w.-]+$/)
  })
})
