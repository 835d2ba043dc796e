/** What the hot paths cost at the gateway, counted: one call of one object each, and nothing else. */
import { describe, expect, it } from 'vitest'
import { ok } from '../../../src/core/result.ts'
import { bearer, createGateway, jsonBody, ORIGIN_KEY } from './gateway.ts'
import { admissionOf, placeOf, progressOf } from './views.ts'

const PLACE = placeOf('demo', 'ann')
const ADMISSION = admissionOf(`demo.${'a'.repeat(22)}`, 'ann')

describe('the budget of a request', () => {
  it.each([
    ['a join', 'POST', 'join'],
    ['a poll', 'GET', 'place'],
    ['leaving', 'DELETE', 'leave'],
  ] as const)('%s is one call of one object', async (_name, method, call) => {
    const gateway = createGateway({
      line: {
        join: async () => ok({ created: true, place: PLACE }),
        place: async () => ok(PLACE),
        leave: async () => ok({ admissionId: null }),
      },
    })
    const { token } = await gateway.newVisitor()
    const response = await gateway.fetch('/api/v1/events/demo/queue', { method, headers: bearer(token) })
    expect(response.ok).toBe(true)
    expect(gateway.calls.map(({ what }) => what)).toEqual([`line demo ${call}`])
  })

  it('a thousand polls of the progress of an event in one second are one call of one object', async () => {
    const gateway = createGateway({
      line: { progress: async () => ok(progressOf('demo')) },
      deps: { nowMs: () => 1_000_000 },
    })
    for (let poll = 0; poll < 1_000; poll += 1) {
      expect((await gateway.fetch('/api/v1/events/demo/progress')).status).toBe(200)
    }
    expect(gateway.calls.map(({ what }) => what)).toEqual(['line demo progress'])
  })

  it('redeeming and releasing are one call of one object each', async () => {
    const gateway = createGateway({
      line: { redeem: async () => ok(ADMISSION), release: async () => ok(ADMISSION) },
    })
    const { admissionId } = ADMISSION
    const token = await gateway.deps.entryTokens.sign({
      userId: ADMISSION.userId,
      eventId: ADMISSION.eventId,
      admissionId,
      issuedAtMs: Date.now(),
      expiresAtMs: Date.now() + 60_000,
    })
    for (const [path, body] of [
      ['redeem', { token, sessionId: 's' }],
      [`${admissionId}/release`, { outcome: 'completed' }],
    ] as const) {
      const { body: text, headers } = jsonBody(body)
      const response = await gateway.fetch(`/api/v1/admissions/${path}`, {
        method: 'POST',
        body: text,
        headers: { ...headers, ...bearer(ORIGIN_KEY) },
      })
      expect(response.status).toBe(200)
    }
    const event = ADMISSION.eventId
    expect(gateway.calls.map(({ what }) => what)).toEqual([`line ${event} redeem`, `line ${event} release`])
  })
})
