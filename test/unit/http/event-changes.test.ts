import { describe, expect, it } from 'vitest'
import { err, ok } from '../../../src/core/result.ts'
import type { LineApi } from '../../../src/ports/lines.ts'
import type { PoolConfig } from '../../../src/ports/registry.ts'
import { ADMIN_KEY, bearer, createGateway, jsonBody, problemOf } from './gateway.ts'
import type { Gateway, GatewayOptions } from './gateway.ts'
import { detailOf } from './views.ts'

const EVENT = '/api/v1/admin/events/demo'
const POOL: PoolConfig = { poolId: 'hall', capacity: 100, admitPerMinute: null, version: 3 }

function gatewayWith(line: GatewayOptions['line'] = {}): Gateway {
  return createGateway({
    line: { configure: async () => ok({ created: true, detail: detailOf('demo'), changes: [] }), ...line },
    registry: {
      register: async () => {},
      unregister: async () => {},
      pool: async (poolId) => (poolId === POOL.poolId ? POOL : null),
    },
  })
}

function send(gateway: Gateway, method: string, body?: unknown): Promise<Response> {
  const { headers = {}, ...rest } = body === undefined ? {} : jsonBody(body)
  return gateway.fetch(EVENT, { method, headers: { ...headers, ...bearer(ADMIN_KEY) }, ...rest })
}

describe('PUT of an event', () => {
  it('registers the event before its line hears of it, and again when it is made, so that it is never unwatched', async () => {
    const gateway = gatewayWith()
    expect((await send(gateway, 'PUT', { capacity: 5 })).status).toBe(201)
    expect(gateway.calls.map((call) => call.what)).toEqual([
      'registry register',
      'line demo configure',
      'registry register',
    ])
  })

  it('fills in every default', async () => {
    const gateway = gatewayWith()
    await send(gateway, 'PUT', { capacity: 5 })
    expect(configureArgs(gateway)).toEqual([
      {
        eventId: 'demo',
        mode: 'replace',
        statusGiven: false,
        pool: null,
        config: {
          name: 'demo',
          capacity: 5,
          poolId: null,
          admitPerMinute: null,
          batchSizeMax: 1_000,
          entryTokenTtlSeconds: 300,
          leaseTtlSeconds: 600,
          maxSessionSeconds: 1_800,
          disconnectGraceSeconds: 60,
          queueing: 'fifo',
          status: 'open',
          opensAt: null,
          closesAt: null,
          public: true,
          expectedPeak: null,
        },
      },
    ])
  })

  it('hands the line its pool, its status and its times in UTC', async () => {
    const gateway = gatewayWith()
    const opensAt = '2026-03-01T10:00:00.5+02:00'
    await send(gateway, 'PUT', { capacity: 5, poolId: 'hall', status: 'scheduled', opensAt })
    expect(configureArgs(gateway)).toMatchObject([
      { statusGiven: true, pool: POOL, config: { status: 'scheduled', opensAt: '2026-03-01T08:00:00.500Z' } },
    ])
    expect(gateway.calls.find((call) => call.what === 'registry register')?.args).toEqual([
      { eventId: 'demo', public: true, poolId: 'hall', longestLeaseSeconds: 1_800 },
    ])
  })

  it('with a pool that does not exist changes nothing', async () => {
    const gateway = gatewayWith()
    const response = await send(gateway, 'PUT', { capacity: 5, poolId: 'nowhere' })
    expect(await problemOf(response)).toMatchObject({ status: 400, errors: [{ pointer: '/poolId' }] })
    expect(gateway.calls.map((call) => call.what)).toEqual(['registry pool'])
  })

  it('of an event that exists is 200', async () => {
    const gateway = gatewayWith({
      configure: async () => ok({ created: false, detail: detailOf('demo'), changes: [] }),
    })
    const response = await send(gateway, 'PUT', { capacity: 5 })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual(detailOf('demo'))
  })
})

describe('PATCH of an event', () => {
  it('changes only what is given, and registers the whole as it becomes', async () => {
    const gateway = gatewayWith({
      detail: async () =>
        ok(detailOf('demo', { poolId: 'hall', maxSessionSeconds: 60, entryTokenTtlSeconds: 90 })),
      configure: async () => ok({ created: false, detail: detailOf('demo'), changes: [] }),
    })
    const response = await send(gateway, 'PATCH', { capacity: 7, public: false })
    expect(response.status).toBe(200)
    const [, , register, configure] = gateway.calls
    expect(register).toEqual({
      what: 'registry register',
      args: [{ eventId: 'demo', public: false, poolId: 'hall', longestLeaseSeconds: 90 }],
    })
    expect(configure?.args).toEqual([
      { eventId: 'demo', mode: 'patch', change: { capacity: 7, public: false }, pool: POOL },
    ])
  })

  it('is judged together with what stays', async () => {
    const gateway = gatewayWith({
      detail: async () => ok(detailOf('demo', { opensAt: '2026-03-01T10:00:00.000Z' })),
    })
    const response = await send(gateway, 'PATCH', { closesAt: '2026-03-01T09:00:00Z' })
    expect(await problemOf(response)).toMatchObject({ status: 400, errors: [{ pointer: '/closesAt' }] })
    expect(gateway.calls.map((call) => call.what)).toEqual(['line demo detail'])
  })

  it('of an event that does not exist registers nothing', async () => {
    const gateway = gatewayWith({ detail: async () => err({ reason: 'event-not-found' }) })
    expect((await send(gateway, 'PATCH', { capacity: 7 })).status).toBe(404)
    expect(gateway.calls.map((call) => call.what)).toEqual(['line demo detail'])
  })
})

describe('DELETE of an event', () => {
  it('unregisters the event after its line has forgotten it', async () => {
    const gateway = gatewayWith({
      remove: async () => ok(null),
      detail: async () => err({ reason: 'event-not-found' }),
    })
    expect((await send(gateway, 'DELETE')).status).toBe(204)
    expect(gateway.calls.map((call) => call.what)).toEqual([
      'line demo remove',
      'registry unregister',
      'line demo detail',
    ])
  })

  it('keeps an event registered that is not closed', async () => {
    const gateway = gatewayWith({ remove: async () => err({ reason: 'event-not-closed' }) })
    expect(await problemOf(await send(gateway, 'DELETE'))).toMatchObject({
      status: 409,
      code: 'event-not-closed',
    })
    expect(gateway.calls.map((call) => call.what)).toEqual(['line demo remove'])
  })

  it('registers an event again that was created meanwhile', async () => {
    const gateway = gatewayWith({ remove: async () => ok(null), detail: async () => ok(detailOf('demo')) })
    await send(gateway, 'DELETE')
    expect(gateway.calls.at(-1)?.what).toBe('registry register')
  })
})

describe('GET of all events', () => {
  it('shows those that answer, names those that do not, and leaves out what is none', async () => {
    const gateway = createGateway({
      registry: {
        events: async () =>
          ['calm', 'gone', 'troubled'].map((eventId) => ({ eventId, public: true, poolId: null })),
      },
      deps: {
        line: (eventId) =>
          ({
            async detail() {
              if (eventId === 'troubled') throw new Error('broke')
              return eventId === 'gone' ? err({ reason: 'event-not-found' }) : ok(detailOf(eventId))
            },
          }) as Partial<LineApi> as LineApi,
      },
    })
    const response = await gateway.fetch('/api/v1/admin/events', { headers: bearer(ADMIN_KEY) })
    expect(await response.json()).toEqual({ events: [detailOf('calm')], unanswered: ['troubled'] })
    expect(gateway.logged.join()).toContain('event_unlisted')
  })
})

describe('PUT of a pool', () => {
  it('tells every member, and one that is not reached does not fail the change', async () => {
    const told: string[] = []
    const gateway = createGateway({
      registry: {
        putPool: async () => ({ created: false, pool: POOL, changes: [] }),
        poolMembers: async () => ({ eventIds: ['one', 'two'], longestLeaseSeconds: 60 }),
      },
      line: {
        async poolChanged({ poolId }) {
          told.push(poolId)
          if (told.length === 1) throw new Error('gone')
        },
      },
    })
    const { headers, ...rest } = jsonBody({ capacity: 100 })
    const response = await gateway.fetch('/api/v1/admin/pools/hall', {
      method: 'PUT',
      headers: { ...headers, ...bearer(ADMIN_KEY) },
      ...rest,
    })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual(POOL)
    expect(told).toEqual(['hall', 'hall'])
    expect(gateway.logged.join()).toContain('pool_member_unreached')
  })
})

/** What the line was told when the event was configured. */
function configureArgs(gateway: Gateway): readonly unknown[] | undefined {
  return gateway.calls.find(({ what }) => what === 'line demo configure')?.args
}
