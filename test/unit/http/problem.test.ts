import { describe, expect, it } from 'vitest'
import type { Failure } from '../../../src/http/failure.ts'
import { problemResponse } from '../../../src/http/problem.ts'
import { PROBLEMS } from '../../../src/http/problem-catalog.ts'
import type { ProblemCode } from '../../../src/http/problem-catalog.ts'
import { problemOf } from './gateway.ts'

/** One failure of each kind, with its evidence; the type makes a missing one an error. */
const FAILURES: { readonly [code in ProblemCode]: Extract<Failure, { reason: code }> } = {
  'invalid-request': { reason: 'invalid-request', errors: [{ pointer: '/capacity', detail: 'Too small.' }] },
  unauthenticated: { reason: 'unauthenticated' },
  'token-invalid': { reason: 'token-invalid' },
  forbidden: { reason: 'forbidden' },
  'cross-site-request': { reason: 'cross-site-request' },
  'queue-rejecting': { reason: 'queue-rejecting' },
  'not-found': { reason: 'not-found' },
  'event-not-found': { reason: 'event-not-found' },
  'not-in-queue': { reason: 'not-in-queue' },
  'admission-not-found': { reason: 'admission-not-found' },
  'dead-letter-not-found': { reason: 'dead-letter-not-found' },
  'pool-not-found': { reason: 'pool-not-found', poolId: 'p1' },
  'method-not-allowed': { reason: 'method-not-allowed', allow: ['GET', 'HEAD'] },
  'event-not-open': { reason: 'event-not-open', status: 'closed' },
  'invalid-transition': { reason: 'invalid-transition', status: 'closed', action: 'resume' },
  'event-not-closed': { reason: 'event-not-closed' },
  'token-already-redeemed': { reason: 'token-already-redeemed' },
  'request-in-progress': { reason: 'request-in-progress' },
  'sold-out': { reason: 'sold-out' },
  'token-expired': { reason: 'token-expired' },
  'admission-ended': { reason: 'admission-ended' },
  'body-too-large': { reason: 'body-too-large' },
  'unsupported-media-type': { reason: 'unsupported-media-type' },
  'idempotency-key-reused': { reason: 'idempotency-key-reused' },
  'rate-limited': { reason: 'rate-limited', retryAfterSeconds: 60 },
  'internal-error': { reason: 'internal-error' },
  misconfigured: { reason: 'misconfigured' },
  overloaded: { reason: 'overloaded', retryAfterSeconds: 3 },
  'store-unavailable': { reason: 'store-unavailable' },
  'identity-unavailable': { reason: 'identity-unavailable' },
  'insufficient-balance': { reason: 'insufficient-balance' },
  'entry-token-required': { reason: 'entry-token-required', fault: 'expired' },
  'entry-token-wrong-event': { reason: 'entry-token-wrong-event' },
  'reservation-not-found': { reason: 'reservation-not-found' },
  'seat-taken': { reason: 'seat-taken', seatIds: ['A-1-1'] },
  'section-sold-out': { reason: 'section-sold-out', section: 'A' },
  'too-many-seats': { reason: 'too-many-seats', seatsMax: 4 },
  'seats-in-use': { reason: 'seats-in-use', seatIds: ['A-1-1'] },
  'reservation-paid': { reason: 'reservation-paid' },
  'payment-in-progress': { reason: 'payment-in-progress' },
  'reservation-expired': { reason: 'reservation-expired' },
  'signature-invalid': { reason: 'signature-invalid' },
  'payment-not-found': { reason: 'payment-not-found' },
  'payment-method-unavailable': { reason: 'payment-method-unavailable' },
  'payment-not-stuck': { reason: 'payment-not-stuck', state: 'paid' },
  'payment-refused': { reason: 'payment-refused' },
  'payment-provider-unavailable': { reason: 'payment-provider-unavailable' },
  'drop-not-found': { reason: 'drop-not-found' },
  'claim-not-found': { reason: 'claim-not-found' },
  'drop-not-open': { reason: 'drop-not-open', opensAt: '2030-01-01T00:00:00.000Z', retryAfterSeconds: 7 },
  'drop-strategy-fixed': { reason: 'drop-strategy-fixed', strategy: 'object' },
  'drop-stock-reduced': { reason: 'drop-stock-reduced', stock: 100 },
  'drop-codes-fixed': { reason: 'drop-codes-fixed' },
  'drop-full': { reason: 'drop-full', stockMax: 100_000 },
  'drop-strategy-unavailable': {
    reason: 'drop-strategy-unavailable',
    strategy: 'skip-locked',
    missing: 'DATABASE_URL',
  },
}

describe('problem+json', () => {
  it.each(Object.values(FAILURES))('$reason has every member of the contract', async (failure) => {
    const response = problemResponse(failure, 'request-1')
    const { status, title, detail } = PROBLEMS[failure.reason]
    expect(response.status).toBe(status)
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(await problemOf(response)).toMatchObject({
      type: `https://usher.dev/problems/${failure.reason}`,
      title,
      status,
      detail,
      instance: 'request-1',
      code: failure.reason,
    })
  })

  it('every 429 and 503 says when to come back, every 401 how to authenticate, every 405 what is allowed', () => {
    for (const failure of Object.values(FAILURES)) {
      const { status, headers } = problemResponse(failure, 'r')
      if (status === 429 || status === 503) expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0)
      if (status === 401) expect(headers.get('WWW-Authenticate')).toBe('Bearer')
      expect(headers.get('Allow')).toBe(status === 405 ? 'GET, HEAD' : null)
    }
  })

  it('carries the evidence of its kind without hiding the members of the format', async () => {
    const bodyOf = (code: ProblemCode) => problemOf(problemResponse(FAILURES[code], 'r'))
    expect(await bodyOf('invalid-request')).toMatchObject({
      errors: [{ pointer: '/capacity', detail: 'Too small.' }],
    })
    expect(await bodyOf('event-not-open')).toMatchObject({ status: 409, eventStatus: 'closed' })
    expect(await bodyOf('invalid-transition')).toMatchObject({
      status: 409,
      eventStatus: 'closed',
      action: 'resume',
    })
    expect(await bodyOf('pool-not-found')).toMatchObject({ poolId: 'p1' })
    expect(await bodyOf('seat-taken')).toMatchObject({ seatIds: ['A-1-1'] })
    expect(await bodyOf('entry-token-required')).toMatchObject({ fault: 'expired' })
  })
})
