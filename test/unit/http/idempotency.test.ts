import { beforeEach, describe, expect, it } from 'vitest'
import { err, ok } from '../../../src/core/result.ts'
import type { LineApi } from '../../../src/ports/lines.ts'
import { IdempotencyInMemory, bearer, createGateway, jsonBody, problemOf } from './gateway.ts'
import type { Gateway } from './gateway.ts'
import { placeOf } from './views.ts'

const QUEUE = '/api/v1/events/demo/queue'

let idempotency: IdempotencyInMemory
beforeEach(() => {
  idempotency = new IdempotencyInMemory()
})

function gatewayWith(line: Partial<LineApi>): Gateway {
  return createGateway({ line, deps: { idempotency } })
}

async function joiner(gateway: Gateway) {
  const { token } = await gateway.newVisitor()
  return (key: string, body: unknown = {}, path = QUEUE) => {
    const { headers, ...rest } = jsonBody(body)
    return gateway.fetch(path, {
      method: 'POST',
      headers: { ...headers, ...bearer(token), 'Idempotency-Key': key },
      ...rest,
    })
  }
}

/** Joins once; a second join would answer differently. */
function joinsOnce(): { line: Partial<LineApi>; count: () => number } {
  let joins = 0
  return {
    count: () => joins,
    line: {
      async join(userId) {
        joins += 1
        return ok({ created: joins === 1, place: placeOf('demo', userId) })
      },
    },
  }
}

describe('Idempotency-Key', () => {
  it('the same key and body get the first answer, and nothing happens twice', async () => {
    const { line, count } = joinsOnce()
    const join = await joiner(gatewayWith(line))
    const [first, second] = [await join('k'), await join('k')]
    expect([first.status, second.status]).toEqual([201, 201])
    expect(await second.text()).toBe(await first.text())
    expect(second.headers.get('Idempotency-Replayed')).toBe('true')
    expect(second.headers.get('X-Request-Id')).not.toBe(first.headers.get('X-Request-Id'))
    expect(count()).toBe(1)
  })

  it('the same key with another body or at another address is refused', async () => {
    const join = await joiner(gatewayWith(joinsOnce().line))
    await join('k')
    for (const response of [
      await join('k', { more: 1 }),
      await join('k', {}, '/api/v1/events/other/queue'),
    ]) {
      expect(response.status).toBe(422)
      expect(await problemOf(response)).toMatchObject({ code: 'idempotency-key-reused' })
    }
  })

  it('an absent body and an empty object are the same request', async () => {
    const gateway = createGateway({ deps: { idempotency } })
    const headers = { 'Idempotency-Key': 'k', 'CF-Connecting-IP': '192.0.2.1' }
    const session = (body?: string) =>
      gateway.fetch('/api/v1/sessions', {
        method: 'POST',
        headers: { ...headers, ...(body !== undefined && { 'Content-Type': 'application/json' }) },
        ...(body !== undefined && { body }),
      })
    const [first, second] = [await session(), await session('{}')]
    expect(await second.text()).toBe(await first.text())
    expect(second.headers.get('Set-Cookie')).toBe(first.headers.get('Set-Cookie'))
  })

  it('keys of different callers never meet', async () => {
    const gateway = gatewayWith({
      join: async (userId) => ok({ created: true, place: placeOf('demo', userId) }),
    })
    const [one, other] = [await joiner(gateway), await joiner(gateway)]
    const [first, second] = [await one('k'), await other('k')]
    expect(await first.text()).not.toBe(await second.text())
    const session = async (address: string) => {
      const headers = { 'Idempotency-Key': 'k', 'CF-Connecting-IP': address }
      return (await gateway.fetch('/api/v1/sessions', { method: 'POST', headers })).text()
    }
    expect(await session('192.0.2.1')).not.toBe(await session('192.0.2.2'))
    expect(await session('192.0.2.1')).toBe(await session('192.0.2.1'))
  })
})

describe('an answer to an Idempotency-Key', () => {
  it('that is under way makes the repeat wait', async () => {
    const started = Promise.withResolvers<void>()
    const finish = Promise.withResolvers<void>()
    const join = await joiner(
      gatewayWith({
        async join(userId) {
          started.resolve()
          await finish.promise
          return ok({ created: true, place: placeOf('demo', userId) })
        },
      }),
    )
    const first = join('k')
    await started.promise
    const second = await join('k')
    expect(second.status).toBe(409)
    expect(second.headers.has('Retry-After')).toBe(true)
    expect(await problemOf(second)).toMatchObject({ code: 'request-in-progress' })
    finish.resolve()
    expect((await first).status).toBe(201)
    expect((await join('k')).status).toBe(201)
  })

  it('that refuses is not kept: the retry is judged anew', async () => {
    let isOpen = false
    const join = await joiner(
      gatewayWith({
        join: async (userId) =>
          isOpen
            ? ok({ created: true, place: placeOf('demo', userId) })
            : err({ reason: 'event-not-open', status: 'closed' }),
      }),
    )
    expect((await join('k')).status).toBe(409)
    isOpen = true
    expect((await join('k')).status).toBe(201)
  })

  it('that is a failure is not kept', async () => {
    let calls = 0
    const join = await joiner(
      gatewayWith({
        async join(userId) {
          calls += 1
          if (calls === 1) throw new Error('gone')
          return ok({ created: true, place: placeOf('demo', userId) })
        },
      }),
    )
    expect((await join('k')).status).toBe(500)
    expect((await join('k')).status).toBe(201)
  })

  it('stands although it could not be kept', async () => {
    idempotency.finish = () => Promise.reject(new Error('shard gone'))
    const gateway = gatewayWith(joinsOnce().line)
    expect((await (await joiner(gateway))('k')).status).toBe(201)
    expect(gateway.logged.join()).toContain('idempotency_unsettled')
  })
})

describe('an Idempotency-Key', () => {
  it.each(['', 'x'.repeat(129), 'ü', 'a\tb'])('%j is an invalid request', async (key) => {
    const response = await (await joiner(gatewayWith({})))(key)
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({ errors: [{ pointer: '/Idempotency-Key' }] })
  })

  it('that is absent leaves nothing behind', async () => {
    const gateway = gatewayWith(joinsOnce().line)
    const { token } = await gateway.newVisitor()
    await gateway.fetch(QUEUE, { method: 'POST', headers: bearer(token) })
    expect(idempotency.entries.size).toBe(0)
  })

  it('is remembered without naming itself or the caller', async () => {
    const join = await joiner(gatewayWith(joinsOnce().line))
    await join('a-telling-key')
    expect([...idempotency.entries.keys()].join()).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })
})
