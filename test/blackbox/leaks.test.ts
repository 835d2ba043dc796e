/**
 * Whole sales in which much goes wrong, and then a sweep: nothing that was handed out or configured in secret may be in
 * the Worker's log, nor in any answer to anybody but its owner.
 */
import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RespClient } from '../../dev/redis/resp.ts'
import {
  ADMIN_KEY,
  Api,
  eventually,
  ORIGIN_KEY,
  startTestUsher,
  type Answer,
  type TestStream,
  type TestUsher,
  type Visitor,
} from '../support/usher.ts'

type Said = { readonly where: string; readonly to: string; readonly text: string }

/** Keeps every answer, headers included, and who it was for: the bearer token of the request, or its cookie's. */
class ListeningApi extends Api {
  readonly said: Said[] = []

  override async request(...call: Parameters<Api['request']>): Promise<Answer> {
    const [method, path, options = {}] = call
    const answer = await super.request(...call)
    const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
    const head = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n')
    this.said.push({
      where: `${answer.status} ${method} ${path}`,
      to: options.token ?? options.headers?.['cookie']?.split('=')[1] ?? '',
      text: `${head}\n\n${body}`,
    })
    return answer
  }
}

/** What nobody may read: each with the caller, by bearer, who may all the same. */
type Secret = { readonly what: string; readonly value: string; readonly owner: string | null }

/** Shapes that give away the inside: keys of Redis, places in the code. */
const INSIDES = [
  /usher:\{/,
  /:(leases|tokens|pool)\b/,
  /\n\s+at /,
  /\bat [\w.<>#]+ \(/,
  /\.[jt]s:\d+/,
  /EVALSHA|redis\.call/,
]

function leaksIn(text: string, to: string, secrets: readonly Secret[]): string[] {
  const told = secrets.filter(({ value, owner }) => (owner === null || owner !== to) && text.includes(value))
  return [...told.map(({ what }) => what), ...INSIDES.filter((shape) => shape.test(text)).map(String)]
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const JWK = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID() }
const CONFIGURED = {
  SESSION_SECRET: randomBytes(48).toString('base64url'),
  ENTRY_TOKEN_PRIVATE_JWKS: JSON.stringify({ keys: [JWK] }),
}

describe('a sale in which much goes wrong', () => {
  let usher: TestUsher
  let api: ListeningApi
  let log: string
  const streams: { readonly stream: TestStream; readonly to: string }[] = []
  const secrets: Secret[] = []

  const keep = (what: string, value: string, owner: string | null = null): void => {
    secrets.push({ what, value, owner })
    // What matters of a token is its signature, also when the rest is cut off.
    const signature = /^eyJ[\w-]+\.[\w-]+\.([\w-]+)$/.exec(value)?.[1]
    if (signature !== undefined) secrets.push({ what, value: signature, owner })
  }

  async function newVisitor(): Promise<Visitor> {
    const visitor = await api.visitor()
    // Its owner is told it once, by the answer that makes it.
    api.said.pop()
    keep('a visitor token', visitor.token)
    return visitor
  }

  async function enter(eventId: string, visitor: Visitor): Promise<{ token: string; admissionId: string }> {
    const { entryToken, admissionId } = await api.admitted(eventId, visitor, 15_000)
    keep('an entry token', entryToken, visitor.token)
    return { token: entryToken, admissionId }
  }

  async function redeemed(token: string): Promise<void> {
    const sessionId = `shop-session-${randomUUID()}`
    keep('a shop session', sessionId)
    keep('the digest of a shop session', createHash('sha256').update(sessionId).digest('base64url'))
    await api.redeem(token, sessionId)
    await api.redeem(token, `${sessionId}-other`)
  }

  /** Requests that no good client makes, with secrets where they do not belong. */
  async function misuse(eventId: string, visitor: Visitor, entryToken: string): Promise<void> {
    const queue = `/api/v1/events/${eventId}/queue`
    const cut = entryToken.slice(0, -8)
    for (const token of [cut, `${entryToken}x`, visitor.token]) await api.redeem(token, 'x')
    await api.origin('POST', 'redeem', { token: entryToken, sessionId: `\n${visitor.token}` })
    await api.origin('POST', 'redeem', `{"token":"${entryToken}","sessionId":`)
    await api.origin('POST', 'redeem', `{"token":"${entryToken.repeat(20)}","sessionId":"x"}`)
    for (const token of [entryToken, cut, ADMIN_KEY, ORIGIN_KEY, `${ADMIN_KEY}x`, '']) {
      await api.request('GET', queue, { token })
      await api.request('GET', queue, { headers: { cookie: `usher_visitor=${token}` } })
      await api.request('POST', '/api/v1/admissions/redeem', { token, body: { token, sessionId: 'x' } })
      await api.request('GET', '/metrics', { token })
      await api.request('GET', `/api/v1/events/${token.slice(0, 60)}.`)
      await api.request('GET', `/nowhere?token=${token}`)
      await api.request('POST', queue, { token: visitor.token, headers: { 'idempotency-key': `k-${token}` } })
      await api.request('POST', queue, { token: visitor.token, body: token })
      await api.request('POST', queue, {
        headers: { cookie: visitor.cookie, origin: 'https://evil.example' },
      })
    }
    await api.admin('PUT', `events/${eventId}`, { capacity: 'x', name: '\n', poolId: 'nowhere', nonsense: 1 })
    await api.admin('POST', `events/${eventId}/explode`)
    await api.admin('DELETE', `events/${eventId}`)
  }

  async function flush(): Promise<void> {
    const { redis } = usher.runtime
    if (redis === null) throw new Error('this test needs its own Redis')
    const client = new RespClient(redis)
    await client.send([['FLUSHALL']])
    client.close()
  }

  async function sale(
    eventId: string,
    visitors: readonly Visitor[],
    trouble: () => Promise<void>,
  ): Promise<void> {
    for (const visitor of visitors) {
      await api.join(eventId, visitor)
      streams.push({ stream: await api.stream(eventId, visitor), to: visitor.token })
    }
    for (const [index, visitor] of visitors.entries()) {
      if (index === 1) await trouble()
      const { token, admissionId } = await enter(eventId, visitor)
      await redeemed(token)
      await misuse(eventId, visitor, token)
      await api.origin('POST', `${admissionId}/renew`, {})
      if (index % 3 === 0) await api.admin('POST', `admissions/${admissionId}/revoke`)
      else if (index % 3 === 1) await api.release(admissionId)
      else await api.leave(eventId, visitor)
      await redeemed(token)
      for (const path of [
        '/healthz',
        '/metrics',
        '/api/v1/events',
        `/api/v1/events/${eventId}`,
        `/wait/${eventId}`,
      ]) {
        await api.request('GET', path, path === '/metrics' ? { token: ADMIN_KEY } : {})
      }
      await api.admin('GET', 'events')
    }
  }

  beforeAll(async () => {
    usher = await startTestUsher(CONFIGURED)
    api = new ListeningApi(usher.url)
    const { front, variables } = usher.runtime
    if (front === null) throw new Error('this test needs its own Redis')
    for (const [what, value] of Object.entries({
      ADMIN_KEY,
      ORIGIN_KEY,
      ...CONFIGURED,
      private: JWK.d ?? '',
    })) {
      keep(what, value)
    }
    keep('the token of Redis', variables['UPSTASH_REDIS_REST_TOKEN'] ?? '')
    keep('the address of Redis', variables['UPSTASH_REDIS_REST_URL'] ?? '')

    await api.admin('PUT', 'pools/hall', { capacity: 2 })
    const troubles: readonly (() => Promise<void>)[] = [
      async () => front.faults.set({ failBefore: 2 }),
      async () => front.faults.set({ dropAfterExecute: 2 }),
      async () => {
        front.faults.set({ outage: true })
        await eventually(async () => ((await api.request('GET', '/healthz')).status === 503 ? true : null))
        front.faults.clear()
      },
      flush,
      async () => {
        process.kill(usher.runtime.workerdPid() ?? 0, 'SIGKILL')
        await eventually(() => api.request('GET', '/healthz').catch(() => null), 15_000)
      },
    ]
    for (const [index, trouble] of troubles.entries()) {
      const eventId = await api.event({ capacity: 1, ...(index % 2 === 0 && { poolId: 'hall' }) })
      const visitors = [await newVisitor(), await newVisitor(), await newVisitor()]
      await sale(eventId, visitors, trouble)
      front.faults.clear()
    }
    for (const { stream } of streams) stream.close()
    await usher.runtime.stop()
    log = readFileSync(usher.runtime.logFile, 'utf8')
  })

  afterAll(() => usher.stop())

  it('did go wrong, and was told of', () => {
    expect(new Set(api.said.map(({ where }) => where.slice(0, 3)))).toEqual(
      new Set(['200', '201', '204', '400', '401', '403', '404', '409', '410', '503']),
    )
    for (const event of ['gate_unavailable', 'pool_recovery_begun', 'health_check_failed']) {
      expect(log).toContain(`"${event}"`)
    }
    expect(secrets.filter(({ what }) => what === 'an entry token').length).toBeGreaterThan(25)
  })

  it('would be noticed: each secret is found where it is put', () => {
    for (const { what, value, owner } of secrets) {
      expect(leaksIn(`{"error":"${value}"}`, '', secrets)).toContain(what)
      if (owner !== null) expect(leaksIn(value, owner, secrets)).not.toContain(what)
    }
    const { stack = '' } = new Error('here')
    expect(leaksIn(stack, '', [])).not.toEqual([])
    expect(leaksIn('WRONGTYPE usher:{e:demo}:pool', '', [])).not.toEqual([])
  })

  it('left nothing of it in the log', () => {
    expect(leaksIn(log, '', secrets)).toEqual([])
  })

  it('told nobody what is not theirs', () => {
    const leaks = api.said.flatMap(({ where, to, text }) =>
      leaksIn(text, to, secrets).map((what) => `${where}: ${what}`),
    )
    expect(leaks).toEqual([])
    for (const { stream, to } of streams) expect(leaksIn(stream.text, to, secrets)).toEqual([])
  })

  it('said no secret even to its owner in a refusal', () => {
    const refusals = api.said.filter(({ where }) => !where.startsWith('2'))
    expect(refusals.length).toBeGreaterThan(100)
    const leaks = refusals.flatMap(({ where, text }) =>
      leaksIn(text, '', secrets).map((what) => `${where}: ${what}`),
    )
    expect(leaks).toEqual([])
  })
})
