import { describe, expect, it } from 'vitest'
import { ok } from '../../../src/core/result.ts'
import { BODY_BYTES_MAX, readBody } from '../../../src/http/request-body.ts'
import { ADMIN_KEY, ORIGIN_KEY, bearer, createGateway, jsonBody, problemOf } from './gateway.ts'
import { admissionOf, detailOf, placeOf } from './views.ts'

const gateway = createGateway({
  line: {
    join: async (userId) => ok({ created: true, place: placeOf('demo', userId) }),
    configure: async () => ok({ created: true, detail: detailOf('demo'), changes: [] }),
    release: async (admissionId) => ok(admissionOf(admissionId, 'v')),
  },
  registry: { register: async () => {}, pool: async () => null },
})

function putEvent(
  body: RequestInit['body'],
  headers: Record<string, string> = { 'Content-Type': 'application/json' },
) {
  return gateway.fetch('/api/v1/admin/events/demo', {
    method: 'PUT',
    headers: { ...bearer(ADMIN_KEY), ...headers },
    ...(body !== undefined && { body }),
    // Node wants to know that a streamed body is sent before the answer is read.
    duplex: 'half',
  } as RequestInit)
}

async function pointers(response: Response): Promise<unknown> {
  expect(response.status).toBe(400)
  const { code, errors } = await problemOf(response)
  expect(code).toBe('invalid-request')
  return (errors as { pointer: string; detail: string }[]).map((error) => error.pointer)
}

describe('a body', () => {
  const tooLarge = `{"name":"${'x'.repeat(BODY_BYTES_MAX)}"}`

  it('above 64 KiB is refused by what it says', async () => {
    const response = await putEvent('{}', { 'Content-Type': 'application/json', 'Content-Length': '65537' })
    expect(response.status).toBe(413)
    expect(await problemOf(response)).toMatchObject({ code: 'body-too-large' })
  })

  it('above 64 KiB is refused by what it is, when it says nothing or lies', async () => {
    const stream = () => new Blob([tooLarge]).stream()
    expect((await putEvent(stream())).status).toBe(413)
    const lie = { 'Content-Type': 'application/json', 'Content-Length': '2' }
    expect((await putEvent(stream(), lie)).status).toBe(413)
  })

  it('that never ends is given up at the limit', async () => {
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1
        controller.enqueue(new Uint8Array(1_024).fill(32))
      },
    })
    expect((await putEvent(endless)).status).toBe(413)
    expect(pulled).toBeLessThan(80)
  })

  it('that does not arrive in time is given up, and the answer says why', async () => {
    let isCancelled = false
    const slow = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"capacity":')),
      cancel: () => {
        isCancelled = true
      },
    })
    const request = new Request('http://localhost/', {
      method: 'PUT',
      body: slow,
      duplex: 'half',
    } as RequestInit)
    expect(await readBody(request, 20)).toEqual({
      ok: false,
      error: {
        reason: 'invalid-request',
        errors: [{ pointer: '', detail: 'The body did not arrive within 0.02 s.' }],
      },
    })
    expect(isCancelled).toBe(true)
  })

  it('of exactly 64 KiB is read', async () => {
    const body = '{"capacity":1}'.padEnd(BODY_BYTES_MAX, ' ')
    expect((await putEvent(body)).status).toBe(201)
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'multipart/form-data',
    '',
  ])('of type %j is refused', async (type) => {
    const response = await putEvent(
      new TextEncoder().encode('{"capacity":1}'),
      type === '' ? {} : { 'Content-Type': type },
    )
    expect(response.status).toBe(415)
    expect(await problemOf(response)).toMatchObject({ code: 'unsupported-media-type' })
  })

  it.each(['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;charset=UTF-8'])(
    'of type %j is read',
    async (type) => {
      expect((await putEvent('{"capacity":1}', { 'Content-Type': type })).status).toBe(201)
    },
  )

  it.each([
    '{',
    '{"capacity":}',
    'undefined',
    "{'capacity':1}",
    '{"capacity":1}}',
    '{"capacity":01}',
    '{"capacity":NaN}',
  ])('%j is not JSON', async (body) => expect(await pointers(await putEvent(body))).toEqual(['']))

  it('that is not UTF-8 is refused', async () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('{"name":"'), 0xff, 0xfe, 0x22, 0x7d])
    expect(await pointers(await putEvent(bytes))).toEqual([''])
  })

  it.each(['[]', 'null', '1', '"text"', 'true'])('%s is not an object', async (body) => {
    expect(await pointers(await putEvent(body))).toEqual([''])
  })

  it('that is absent fits where nothing is required, with any content type', async () => {
    const { token } = await gateway.newVisitor()
    for (const headers of [{}, { 'Content-Type': 'application/json' }, { 'Content-Type': 'text/plain' }]) {
      const response = await gateway.fetch('/api/v1/events/demo/queue', {
        method: 'POST',
        headers: { ...bearer(token), ...headers },
      })
      expect(response.status).toBe(201)
    }
    expect(await pointers(await putEvent(undefined))).toEqual(['/capacity'])
  })
})

describe('an event’s configuration', () => {
  it.each([
    ['capacity', -1],
    ['capacity', 1_000_001],
    ['capacity', 1.5],
    ['capacity', '10'],
    ['capacity', null],
    ['admitPerMinute', 0],
    ['admitPerMinute', 1_000_001],
    ['batchSizeMax', 0],
    ['batchSizeMax', 100_001],
    ['entryTokenTtlSeconds', 0],
    ['entryTokenTtlSeconds', 3_601],
    ['leaseTtlSeconds', 43_201],
    ['maxSessionSeconds', 43_201],
    ['disconnectGraceSeconds', -1],
    ['disconnectGraceSeconds', 3_601],
    ['queueing', 'lifo'],
    ['status', 'sold_out'],
    ['status', 'running'],
    ['name', ''],
    ['name', 'x'.repeat(201)],
    ['name', 'a\u0000b'],
    ['name', '\ud800'],
    ['opensAt', 'tomorrow'],
    ['opensAt', '2026-03-01T10:00:00'],
    ['opensAt', 1_770_000_000_000],
    ['closesAt', '2026-02-30T10:00:00Z'],
    ['public', 'yes'],
    ['poolId', 'a b'],
    ['poolId', 'unknown-pool'],
    ['capacitty', 5],
    ['__proto__', 5],
    ['a/b~c', 5],
  ])('with %s = %j is refused by name', async (field, value) => {
    const text = JSON.stringify({ capacity: 1 }).replace(
      '}',
      `,${JSON.stringify(field)}:${JSON.stringify(value)}}`,
    )
    const pointer = `/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`
    expect(await pointers(await putEvent(text))).toEqual([pointer])
  })

  it('names every field that is wrong', async () => {
    const { body } = jsonBody({ capacity: -1, name: '', surplus: 1, other: 2 })
    expect(new Set((await pointers(await putEvent(body))) as string[])).toEqual(
      new Set(['/capacity', '/name', '/surplus', '/other']),
    )
  })

  it('with thousands of faults gets a short answer', async () => {
    const { body } = jsonBody(
      Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`f${index}`, 1])),
    )
    expect(await pointers(await putEvent(body))).toHaveLength(20)
  })

  it('must close after it opens', async () => {
    const at = '2026-03-01T10:00:00Z'
    expect(await pointers(await putEvent(jsonBody({ capacity: 1, opensAt: at, closesAt: at }).body))).toEqual(
      ['/closesAt'],
    )
  })
})

describe('the body of an origin', () => {
  it.each([{}, { outcome: 'left' }, { outcome: null }])('%j is no outcome', async (body) => {
    const { headers, ...rest } = jsonBody(body)
    const response = await gateway.fetch('/api/v1/admissions/demo.AAAAAAAAAAAAAAAAAAAAAA/release', {
      method: 'POST',
      headers: { ...headers, ...bearer(ORIGIN_KEY) },
      ...rest,
    })
    expect(await pointers(response)).toEqual(['/outcome'])
  })

  it.each(['', 'x'.repeat(129), 'ü', 'a\nb'])('%j is no session id', async (sessionId) => {
    const { headers, ...rest } = jsonBody({ token: 'x', sessionId })
    const response = await gateway.fetch('/api/v1/admissions/redeem', {
      method: 'POST',
      headers: { ...headers, ...bearer(ORIGIN_KEY) },
      ...rest,
    })
    expect(await pointers(response)).toEqual(['/sessionId'])
  })
})
