/** Drops at the gateway: what each request asks of others, and what is answered without asking anybody. */
import { describe, expect, it } from 'vitest'
import { err, ok } from '../../../src/core/result.ts'
import type { ClaimOutcome, DropPlan } from '../../../src/drops/core/records.ts'
import type { DropClient, Standing } from '../../../src/drops/ports.ts'
import { ADMIN_KEY, bearer, createGateway, jsonBody, problemOf, type Gateway } from '../http/gateway.ts'
import { admissionOf } from '../http/views.ts'

const PLAN: DropPlan = {
  dropId: 'd',
  name: 'Coupons',
  strategy: 'object',
  eventId: null,
  stock: 10,
  opensAtMs: null,
  closesAtMs: null,
  epoch: 1,
  generation: 1,
}
const CLAIM = { state: 'issued', code: 'AB12', claimedAtMs: 1_800_000_000_000 } as const

function standing(plan: Partial<DropPlan> = {}, over: Partial<Standing> = {}): Partial<DropClient> {
  return { known: async () => ok({ plan: { ...PLAN, ...plan }, status: 'open', remaining: 5, ...over }) }
}

function asked(gateway: Gateway): string[] {
  return gateway.calls.map(({ what }) => what)
}

async function claimAt(gateway: Gateway, headers: Record<string, string> = {}): Promise<Response> {
  const { token } = await gateway.newVisitor()
  return gateway.fetch('/api/v1/drops/d/claims', {
    method: 'POST',
    headers: { ...bearer(token), ...headers },
  })
}

function gatewayWith(outcome: ClaimOutcome, known = standing()): Gateway {
  return createGateway({ drop: { ...known, claim: async () => ok(outcome) } })
}

describe('a claim', () => {
  it.each([
    [201, { kind: 'claimed', claim: CLAIM, isNew: true }],
    [200, { kind: 'claimed', claim: CLAIM, isNew: false }],
    [202, { kind: 'claimed', claim: { state: 'pending', claimedAtMs: 1 }, isNew: true }],
    [200, { kind: 'claimed', claim: { state: 'pending', claimedAtMs: 1 }, isNew: false }],
  ] as const)('is answered %i with what the issuer says', async (status, outcome) => {
    const gateway = gatewayWith(outcome)
    const response = await claimAt(gateway)
    expect(response.status).toBe(status)
    const body: any = await response.json()
    expect(body).toMatchObject({ dropId: 'd', state: outcome.claim.state })
    expect(body.claimId).toMatch(/^[\w-]{22}$/)
    expect(body.code).toBe(outcome.claim.state === 'issued' ? 'AB12' : undefined)
    expect(asked(gateway)).toEqual(['drop d known', 'drop d claim'])
  })

  it.each([
    [410, 'sold-out', null, { kind: 'sold-out', epoch: 1 }],
    [409, 'drop-not-open', null, { kind: 'closed' }],
    [409, 'drop-not-open', '1', { kind: 'not-open', opensAtMs: 0 }],
    [503, 'store-unavailable', '3', { kind: 'retry', afterSeconds: 3 }],
  ] as const)('is refused %i %s with Retry-After %s', async (status, code, retryAfter, outcome) => {
    const response = await claimAt(gatewayWith(outcome))
    expect(response.status).toBe(status)
    expect(response.headers.get('Retry-After')).toBe(retryAfter)
    expect(await problemOf(response)).toMatchObject({ code })
  })

  it('of somebody who is known to come too late costs no call of the drop', async () => {
    const gateway = createGateway({ isRefused: (dropId) => dropId === 'd' })
    const response = await claimAt(gateway)
    expect(response.status).toBe(410)
    expect(await problemOf(response)).toMatchObject({ code: 'sold-out' })
    expect(asked(gateway)).toEqual([])
  })

  it('long before the opening is refused with the time to come back, and asks no issuer', async () => {
    const opensAtMs = Date.now() + 60_000
    const gateway = createGateway({ drop: standing({ opensAtMs }, { status: 'scheduled', remaining: 10 }) })
    const response = await claimAt(gateway)
    expect(response.status).toBe(409)
    expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(55)
    expect(await problemOf(response)).toMatchObject({ opensAt: new Date(opensAtMs).toISOString() })
    expect(asked(gateway)).toEqual(['drop d known'])
  })

  it('near the opening, and where somebody has a claim already, is for the issuer to decide', async () => {
    const outcome = { kind: 'not-open', opensAtMs: Date.now() + 3_000 } as const
    const near = standing({ opensAtMs: outcome.opensAtMs }, { status: 'scheduled', remaining: 10 })
    const claimed = standing({ opensAtMs: Date.now() + 60_000 }, { status: 'scheduled', remaining: 9 })
    for (const known of [near, claimed]) {
      const gateway = gatewayWith(outcome, known)
      await claimAt(gateway)
      expect(asked(gateway)).toEqual(['drop d known', 'drop d claim'])
    }
  })

  it('of no drop is 404, and without a credential 401', async () => {
    const gateway = createGateway({ drop: { known: async () => err({ reason: 'drop-not-found' }) } })
    expect((await claimAt(gateway)).status).toBe(404)
    expect((await gateway.fetch('/api/v1/drops/d/claims', { method: 'POST' })).status).toBe(401)
    expect((await claimAt(gateway, bearer('nonsense'))).status).toBe(401)
  })
})

describe('a drop behind a waiting room', () => {
  const behind = standing({ eventId: 'gig' })
  const admissionId = `gig.${'a'.repeat(22)}`

  async function token(gateway: Gateway, eventId: string, userId: string): Promise<string> {
    const id = admissionId.replace('gig', eventId)
    const nowMs = Date.now()
    const { entryTokens } = gateway.deps
    return await entryTokens.sign({
      eventId,
      userId,
      admissionId: id,
      issuedAtMs: nowMs,
      expiresAtMs: nowMs + 60_000,
    })
  }

  it('wants the entry token of its event and of this visitor', async () => {
    const gateway = gatewayWith({ kind: 'claimed', claim: CLAIM, isNew: true }, behind)
    const without = await claimAt(gateway)
    expect(without.status).toBe(403)
    expect(await problemOf(without)).toMatchObject({ code: 'entry-token-required', fault: 'missing' })
    const wrongEvent = await claimAt(gateway, { 'Entry-Token': await token(gateway, 'other', 'ann') })
    expect(await problemOf(wrongEvent)).toMatchObject({ code: 'entry-token-wrong-event' })
    const ofAnother = await claimAt(gateway, { 'Entry-Token': await token(gateway, 'gig', 'ann') })
    expect(await problemOf(ofAnother)).toMatchObject({ code: 'entry-token-required', fault: 'invalid' })
    expect(asked(gateway)).not.toContain('drop d claim')
  })

  it('lets in who is inside, with one call to the line', async () => {
    const gateway = createGateway({
      drop: { ...behind, claim: async () => ok({ kind: 'claimed', claim: CLAIM, isNew: true }) },
      line: { redeem: async () => ok(admissionOf(admissionId, 'ann')) },
    })
    const { token: session, userId } = await gateway.newVisitor()
    const response = await gateway.fetch('/api/v1/drops/d/claims', {
      method: 'POST',
      headers: { ...bearer(session), 'Entry-Token': await token(gateway, 'gig', userId) },
    })
    expect(response.status).toBe(201)
    expect(asked(gateway)).toEqual(['drop d known', 'line gig redeem', 'drop d claim'])
  })
})

describe('making a drop', () => {
  const put = (gateway: Gateway, body: object): Promise<Response> => {
    const { body: text, headers } = jsonBody(body)
    return gateway.fetch('/api/v1/admin/drops/d', {
      method: 'PUT',
      body: text,
      headers: { ...headers, ...bearer(ADMIN_KEY) },
    })
  }

  it.each([
    [{}, '/stock'],
    [{ stock: 0 }, '/stock'],
    [{ stock: 100_001 }, '/stock'],
    [{ stock: 1.5 }, '/stock'],
    [{ stock: 3, codes: ['A', 'B'] }, '/stock'],
    [{ codes: [] }, '/codes'],
    [{ codes: ['A', 'B', 'A'] }, '/codes/2'],
    [{ codes: [''] }, '/codes/0'],
    [{ codes: ['x'.repeat(65)] }, '/codes/0'],
    [{ codes: ['a\u0000b'] }, '/codes/0'],
    [{ codes: [' a'] }, '/codes/0'],
    [{ codes: [7] }, '/codes/0'],
    [{ stock: 1, strategy: 'magic' }, '/strategy'],
    [{ stock: 1, eventId: 'a b' }, '/eventId'],
    [{ stock: 1, name: '' }, '/name'],
    [{ stock: 1, opensAt: 'soon' }, '/opensAt'],
    [{ stock: 1, opensAt: '2030-01-01T00:00:00Z', closesAt: '2030-01-01T00:00:00Z' }, '/closesAt'],
  ])('%j is refused and the field named: %s', async (body, pointer) => {
    const gateway = createGateway()
    const response = await put(gateway, body)
    expect(response.status).toBe(400)
    const { errors } = await problemOf(response)
    expect((errors as { pointer: string }[]).map((fault) => fault.pointer)).toContain(pointer)
    expect(asked(gateway)).toEqual([])
  })

  it('an unknown field is refused', async () => {
    expect((await put(createGateway(), { stock: 1, stok: 2 })).status).toBe(400)
  })

  it('is in the directory before it is made, and in the audit log with what it is; never a code', async () => {
    const counts = { stock: 2, issued: 0, pending: 0, failed: 0, remaining: 2 }
    const plan = { ...PLAN, stock: 2 }
    const detail = { plan, status: 'open', remaining: 2, counts, codes: 'given', createdAtMs: 1 } as const
    const gateway = createGateway({
      drop: { put: async () => ok({ created: true, before: null, detail }) },
    })
    const response = await put(gateway, { name: 'Coupons', codes: ['SECRET1', 'SECRET2'] })
    expect(response.status).toBe(201)
    expect(await response.text()).not.toContain('SECRET')
    expect(asked(gateway)).toEqual(['directory add', 'drop d put'])
    expect(gateway.calls[1]?.args[0]).toMatchObject({ stock: 2, strategy: null, eventId: null })
    const audited = JSON.stringify(gateway.audited)
    expect(audited).toContain('drop.put')
    expect(audited).toContain('"field":"dropId"')
    expect(audited).toContain('"field":"stock"')
    expect(audited).not.toContain('SECRET')
  })

  it('with a strategy that the deployment lacks says what is missing', async () => {
    const gateway = createGateway({
      drop: {
        put: async () =>
          err({ reason: 'drop-strategy-unavailable', strategy: 'skip-locked', missing: 'DATABASE_URL' }),
      },
    })
    const response = await put(gateway, { stock: 1, strategy: 'skip-locked' })
    expect(response.status).toBe(422)
    expect(await problemOf(response)).toMatchObject({ strategy: 'skip-locked', missing: 'DATABASE_URL' })
  })
})

it('a list shows the drops that answer and names those that do not', async () => {
  const counts = { stock: 1, issued: 0, pending: 0, failed: 0, remaining: 1 }
  let calls = 0
  const gateway = createGateway({
    directory: { all: async () => ['a', 'b', 'c'] },
    drop: {
      detail: async () => {
        calls += 1
        if (calls === 2) return err({ reason: 'store-unavailable' })
        if (calls === 3) return err({ reason: 'drop-not-found' })
        return ok({ plan: PLAN, status: 'open', remaining: 1, counts, codes: 'generated', createdAtMs: 1 })
      },
    },
  })
  const response = await gateway.fetch('/api/v1/admin/drops', { headers: bearer(ADMIN_KEY) })
  expect(await response.json()).toMatchObject({ drops: [{ dropId: 'd' }], unanswered: ['b'] })
})
