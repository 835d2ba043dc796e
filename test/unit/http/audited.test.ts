/** An operator's act and its entry: which comes first, and what happens when one of them fails. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { err, ok } from '../../../src/core/result.ts'
import type { AuditEnding, AuditFacts } from '../../../src/ports/audit.ts'
import { Overloaded } from '../../../src/ports/overloaded.ts'
import {
  ADMIN_KEY,
  bearer,
  createGateway,
  jsonBody,
  problemOf,
  type Gateway,
  type GatewayOptions,
} from './gateway.ts'
import { detailOf } from './views.ts'

const EVENT = '/api/v1/admin/events/demo'
const CHANGES = [{ field: 'capacity', before: 1, after: 7 }]

/** A gateway whose ports say, in one list, in which order they were asked. */
function watched(options: GatewayOptions = {}): {
  gateway: Gateway
  order: string[]
  facts: AuditFacts[]
  endings: AuditEnding[]
} {
  const order: string[] = []
  const facts: AuditFacts[] = []
  const endings: AuditEnding[] = []
  const gateway = createGateway({
    registry: { register: async () => {} },
    ...options,
    line: {
      detail: async () => ok(detailOf('demo')),
      configure: async () => {
        order.push('configure')
        return ok({ created: false, detail: detailOf('demo'), changes: CHANGES })
      },
      act: async (action) => {
        order.push(action)
        return ok({ detail: detailOf('demo'), changes: [] })
      },
      ...options.line,
    },
    audit: {
      async write(written) {
        order.push('write')
        facts.push(written)
        return '7'
      },
      async settle(_id, ending) {
        order.push('settle')
        endings.push(ending)
      },
      ...options.audit,
    },
  })
  return { gateway, order, facts, endings }
}

function patch(
  gateway: Gateway,
  headers: Record<string, string> = {},
  body: object = { capacity: 7 },
): Promise<Response> {
  const { headers: json, ...rest } = jsonBody(body)
  return gateway.fetch(EVENT, {
    method: 'PATCH',
    ...rest,
    headers: { ...json, ...bearer(ADMIN_KEY), ...headers },
  })
}

function act(gateway: Gateway, action: string): Promise<Response> {
  return gateway.fetch(`${EVENT}/${action}`, { method: 'POST', headers: bearer(ADMIN_KEY) })
}

const away = async (): Promise<never> => {
  throw new Error('the log is away')
}

afterEach(() => vi.useRealTimers())

describe('an operator’s act', () => {
  it('is written down before it is done, and completed with what it changed', async () => {
    const { gateway, order, facts, endings } = watched()
    const headers = { 'X-Request-Id': 'mine', 'CF-Connecting-IP': '2001:db8:1:2:3:4:5:6' }
    expect((await patch(gateway, headers)).status).toBe(200)
    expect(order).toEqual(['write', 'configure', 'settle'])
    expect(facts).toEqual([
      {
        operator: { kind: 'key', name: 'operator' },
        address: '2001:db8:1:2',
        requestId: 'mine',
        action: 'event.patch',
        eventId: 'demo',
        poolId: null,
        admissionId: null,
        userId: null,
      },
    ])
    expect(endings).toEqual([{ outcome: 'done', problem: null, changes: CHANGES }])
  })

  it('names whoever did it: a session by its name, a token of the identity provider by its subject', async () => {
    const { gateway, facts } = watched({
      deps: {
        visitorTokens: {
          createGuest: async () => null,
          verify: async () => ok({ userId: 'ada@shop.example', isOperator: true }),
        },
      },
    })
    const { token } = await gateway.deps.operatorSessions.start('Grace', Date.now())
    await patch(gateway, { Authorization: 'Bearer eyJ.eyJ.x' })
    const asPage = { Cookie: `usher_operator=${token}`, 'Sec-Fetch-Site': 'same-origin' }
    await gateway.fetch(`${EVENT}/open`, { method: 'POST', headers: asPage })
    expect(facts.map(({ operator, action }) => [action, operator])).toEqual([
      ['event.patch', { kind: 'token', name: 'ada@shop.example' }],
      ['event.open', { kind: 'session', name: 'Grace' }],
    ])
  })

  it('that is refused is in the log with the problem', async () => {
    const { gateway, endings } = watched({
      line: { remove: async () => err({ reason: 'event-not-closed' }) },
    })
    await gateway.fetch(EVENT, { method: 'DELETE', headers: bearer(ADMIN_KEY) })
    expect(endings).toEqual([{ outcome: 'refused', problem: 'event-not-closed', changes: [] }])
  })

  it.each([
    ['internal-error', 500, new Error('broke')],
    ['overloaded', 503, new Overloaded('busy')],
  ] as const)(
    'that breaks as %s is in the log as failed: it may have been done',
    async (problem, status, error) => {
      const configure = async (): Promise<never> => {
        throw error
      }
      const { gateway, endings } = watched({ line: { configure } })
      expect((await patch(gateway)).status).toBe(status)
      expect(endings).toEqual([{ outcome: 'failed', problem, changes: [] }])
    },
  )

  it('is refused, and not done, when it cannot be written down', async () => {
    const { gateway, order } = watched({ audit: { write: away } })
    for (const response of [await patch(gateway), await act(gateway, 'close'), await act(gateway, 'open')]) {
      expect(await problemOf(response)).toMatchObject({ status: 503, code: 'store-unavailable' })
      expect(response.headers.get('Retry-After')).toBe('2')
    }
    expect([order, gateway.calls]).toEqual([[], []])
    expect(gateway.logged.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'audit_unwritten', action: 'event.patch', eventId: 'demo', operatorKind: 'key' },
      { event: 'audit_unwritten', action: 'event.close' },
      { event: 'audit_unwritten', action: 'event.open' },
    ])
  })

  it('of pausing is done all the same, and is in the structured log', async () => {
    const { gateway, order } = watched({ audit: { write: away } })
    expect((await act(gateway, 'pause')).status).toBe(200)
    expect(order).toEqual(['pause'])
    expect(gateway.logged.join()).toMatch(/audit_unwritten.*event\.pause/)
  })

  it('waits for the log three seconds and no longer', async () => {
    vi.useFakeTimers()
    const { gateway } = watched({ audit: { write: () => new Promise<never>(() => {}) } })
    const refused = patch(gateway)
    await vi.advanceTimersByTimeAsync(2_900)
    const early = await Promise.race([refused, Promise.resolve('waits')])
    await vi.advanceTimersByTimeAsync(200)
    expect([early, (await refused).status]).toEqual(['waits', 503])
  })

  it('that was done is answered as done when only its outcome cannot be written', async () => {
    const { gateway } = watched({ audit: { settle: away } })
    expect((await patch(gateway)).status).toBe(200)
    expect(gateway.logged.join()).toMatch(/audit_unfinished.*"entryId":"7".*"outcome":"done"/)
  })

  it('is not in the log when it fails at the door', async () => {
    const { gateway, facts } = watched()
    const visitor = await gateway.newVisitor()
    const statuses = [
      await patch(gateway, { Authorization: '' }),
      await patch(gateway, bearer('guess')),
      await patch(gateway, bearer(visitor.token)),
      await patch(gateway, {}, { capacity: -1 }),
      await gateway.fetch(EVENT, { headers: bearer(ADMIN_KEY) }),
    ].map(({ status }) => status)
    expect(statuses).toEqual([401, 401, 403, 400, 200])
    expect(facts).toEqual([])
  })
})
