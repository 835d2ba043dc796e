/**
 * Drops of the strategy `redis-queue` over HTTP: the claim is one script, the record comes by the queue, and neither Redis
 * nor the queue nor workerd can make a coupon be issued twice or get lost once its visitor has been told that it is issued.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RespClient } from '../../../dev/redis/resp.ts'
import { mapBounded } from '../../../src/bounded.ts'
import type { ClaimMessage } from '../../../src/drops/redis/claim-message.ts'
import { dropKeys } from '../../../src/redis/keys.ts'
import { expectProblem, expectRetryAfter } from '../../support/contract.ts'
import { eventually, startTestUsher, type Answer, type TestUsher, type Visitor } from '../../support/usher.ts'

const AT_ONCE = 50
const RECOVERY_MS = 20_000
const CLAIMS_OF_A_MESSAGE = 3

let usher: TestUsher
let dropCount = 0

beforeAll(async () => {
  usher = await startTestUsher({ DROP_CLAIM_RESEND_SECONDS: '1' })
})
afterEach(() => usher.runtime.front?.faults.clear())
afterAll(() => usher.stop())

async function makeDrop(config: object): Promise<string> {
  dropCount += 1
  const dropId = `d${process.pid}-${dropCount}`
  const { status, body } = await putDrop(dropId, config)
  expect(status, JSON.stringify(body)).toBe(201)
  return dropId
}

const putDrop = (dropId: string, config: object): Promise<Answer> =>
  usher.api.admin('PUT', `drops/${dropId}`, { strategy: 'redis-queue', ...config })
const claim = (dropId: string, { token }: Visitor): Promise<Answer> =>
  usher.api.request('POST', `/api/v1/drops/${dropId}/claims`, { token, body: {} })
const mine = (dropId: string, { token }: Visitor): Promise<Answer> =>
  usher.api.request('GET', `/api/v1/drops/${dropId}/claims/me`, { token })

async function redis(...commands: string[][]): Promise<unknown[]> {
  if (usher.runtime.redis === null) throw new Error('these tests need their own Redis')
  const client = new RespClient(usher.runtime.redis)
  try {
    return await client.send(commands)
  } finally {
    client.close()
  }
}

/** Everybody tries until they are told something that stays; answers the last answer of each. */
function rush(dropId: string, visitors: readonly Visitor[]): Promise<Answer[]> {
  return mapBounded(visitors, AT_ONCE, (visitor) =>
    eventually(async () => {
      const answer = await claim(dropId, visitor).catch(() => null)
      if (answer?.status === 503) expectRetryAfter(answer)
      return answer === null || answer.status === 503 ? null : answer
    }, RECOVERY_MS),
  )
}

type Counts = {
  stock: number
  issued: number
  pending: number
  failed: number
  remaining: number
  consistent: boolean
}

async function counts(dropId: string): Promise<Counts | null> {
  const { status, body } = await usher.api.admin('GET', `drops/${dropId}/reconciliation`)
  return status === 200 ? body : null
}

/** INV-11, once nothing is on its way any more: as many are issued as the visitors see, each with a code of their own. */
async function expectExact(
  dropId: string,
  visitors: readonly Visitor[],
  issued: number,
  stock = issued,
): Promise<void> {
  await eventually(async () => ((await counts(dropId))?.issued === issued ? true : null), RECOVERY_MS)
  const numbers = { stock, issued, pending: 0, failed: 0, remaining: stock - issued, consistent: true }
  expect(await counts(dropId)).toMatchObject(numbers)
  const claims = await mapBounded(visitors, AT_ONCE, (visitor) => mine(dropId, visitor))
  const found = claims.filter(({ status }) => status === 200)
  expect(found).toHaveLength(issued)
  for (const { body } of found) expect(body.state).toBe('issued')
  expect(new Set(found.map(({ body }) => body.code)).size).toBe(issued)
  expect(new Set(found.map(({ body }) => body.claimId)).size).toBe(issued)
  const csv = await usher.api.admin('GET', `drops/${dropId}/claims.csv`)
  expect(csv.body.trim().split('\r\n')).toHaveLength(issued + 1)
}

describe('a drop in Redis behind a queue', () => {
  it('INV-11: takes claims as pending, shows the code once it is recorded, and tells everybody else that it is sold out', async () => {
    const dropId = await makeDrop({ stock: 60 })
    const visitors = await usher.api.visitors(200)
    const first = await rush(dropId, visitors)
    const taken = first.filter(({ status }) => status === 202)
    expect(taken).toHaveLength(60)
    for (const { body } of taken) {
      expect(body).toMatchObject({ dropId, state: 'pending' })
      expect(body.code ?? null).toBeNull()
    }
    const others = first.filter(({ status }) => status !== 202)
    for (const answer of others) expectProblem(answer, 410, 'sold-out')
    const again = await rush(dropId, visitors)
    expect(again.filter(({ status }) => status === 200)).toHaveLength(60)
    expect(again.filter(({ status }) => status === 410)).toHaveLength(140)
    await expectExact(dropId, visitors, 60)
    for (const [index, { status, body }] of first.entries()) {
      const visitor = visitors[index]
      if (status !== 202 || visitor === undefined) continue
      const answer = await claim(dropId, visitor)
      expect(answer).toMatchObject({ status: 200, body: { claimId: body.claimId, state: 'issued' } })
    }
  })

  it('claims that come together share their calls to Redis', async () => {
    const dropId = await makeDrop({ stock: 500 })
    const visitors = await usher.api.visitors(500)
    const before = usher.runtime.front?.stats.requests ?? 0
    await rush(dropId, visitors)
    const requests = (usher.runtime.front?.stats.requests ?? 0) - before
    expect(requests).toBeGreaterThan(0)
    // Of fifty at once: two calls under way leave most of them to the next. The drop's object makes some of its own.
    expect(requests).toBeLessThan(visitors.length / 2)
    await expectExact(dropId, visitors, 500)
  })

  it('INV-11: every message that comes again changes nothing, in whatever order', async () => {
    const dropId = await makeDrop({ stock: 40 })
    const visitors = await usher.api.visitors(60)
    await rush(dropId, visitors)
    const messages = await messagesOf(dropId)
    expect(messages.flatMap(({ claims }) => claims)).toHaveLength(40)
    const producer = await usher.runtime.miniflare.getQueueProducer<ClaimMessage>('CLAIMS')
    const twice = [...messages, ...messages.toReversed()]
    await producer.sendBatch(twice.map((body) => ({ body })))
    await expectExact(dropId, visitors, 40)
  })

  it('says before the opening that it is not open, opens by the second, and closes', async () => {
    const opensAt = new Date(Date.now() + 2_500).toISOString()
    const dropId = await makeDrop({ stock: 2, opensAt })
    const [early, second] = await usher.api.visitors(2)
    if (early === undefined || second === undefined) throw new Error('no visitors')
    expectProblem(await claim(dropId, early), 409, 'drop-not-open')
    const answer = await eventually(async () => {
      const tried = await claim(dropId, early)
      return tried.status === 409 ? null : tried
    })
    expect(answer.status).toBe(202)
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(opensAt))
    const closesAt = new Date(Date.now() + 300).toISOString()
    expect((await putDrop(dropId, { stock: 2, opensAt, closesAt })).status).toBe(200)
    await eventually(async () => {
      const { body } = await usher.api.request('GET', `/api/v1/drops/${dropId}`)
      return body.status === 'closed' ? true : null
    })
    expectProblem(await claim(dropId, second), 409, 'drop-not-open')
    expect((await claim(dropId, early)).status).toBe(200)
  })

  it('INV-11: more stock reopens it within two seconds', async () => {
    const dropId = await makeDrop({ codes: ['A', 'B'] })
    const visitors = await usher.api.visitors(5)
    expect((await rush(dropId, visitors)).map(({ status }) => status).toSorted()).toEqual([
      202, 202, 410, 410, 410,
    ])
    expect((await putDrop(dropId, { codes: ['A', 'B', 'C', 'D'] })).status).toBe(200)
    const startedAtMs = Date.now()
    await eventually(async () => {
      const statuses = (await rush(dropId, visitors)).map(({ status }) => status)
      return statuses.filter((status) => status !== 410).length === 4 ? true : null
    }, 2_000)
    expect(Date.now() - startedAtMs).toBeLessThan(2_000)
    await expectExact(dropId, visitors, 4)
  })

  it('INV-11: Redis flushed in the middle: claims answer retry, what was issued stays, and nothing is issued twice', async () => {
    const dropId = await makeDrop({ stock: 80 })
    const visitors = await usher.api.visitors(240)
    await rush(dropId, visitors.slice(0, 30))
    await expectExact(dropId, visitors, 30, 80)
    const before = await mapBounded(visitors.slice(0, 30), AT_ONCE, (visitor) => mine(dropId, visitor))
    const rushing = rush(dropId, visitors)
    await redis(['FLUSHALL'])
    await rushing
    await rush(dropId, visitors)
    await expectExact(dropId, visitors, 80)
    const after = await mapBounded(visitors.slice(0, 30), AT_ONCE, (visitor) => mine(dropId, visitor))
    expect(after.map(({ body }) => body.code)).toEqual(before.map(({ body }) => body.code))
  })

  it('INV-11: Redis away, and back without its data', async () => {
    const dropId = await makeDrop({ stock: 30 })
    const visitors = await usher.api.visitors(60)
    await rush(dropId, visitors.slice(0, 10))
    await expectExact(dropId, visitors, 10, 30)
    await usher.runtime.redis?.kill?.()
    const [, other] = visitors
    if (other === undefined) throw new Error('no visitors')
    const refused = await claim(dropId, other)
    expect(refused.status).toBe(503)
    expectRetryAfter(refused)
    const told = await mapBounded(visitors.slice(0, 10), AT_ONCE, (visitor) => mine(dropId, visitor))
    for (const answer of told) expect(answer).toMatchObject({ status: 200, body: { state: 'issued' } })
    await usher.runtime.redis?.restart?.()
    await rush(dropId, visitors)
    await expectExact(dropId, visitors, 30)
  })

  it('INV-11: workerd killed while claims are on their way: the queue forgets them, the outbox does not', async () => {
    const dropId = await makeDrop({ stock: 60 })
    const visitors = await usher.api.visitors(120)
    const rushing = rush(dropId, visitors)
    await eventually(async () =>
      (await redis(['LLEN', dropKeys(dropId).now.codes]))[0] !== 60 ? true : null,
    )
    const pid = usher.runtime.workerdPid()
    if (pid === null) throw new Error('workerd does not run')
    process.kill(pid, 'SIGKILL')
    await rushing
    await rush(dropId, visitors)
    await expectExact(dropId, visitors, 60)
  })

  it('INV-11: answers of Redis that are lost cost nobody a coupon and give nobody two', async () => {
    const dropId = await makeDrop({ stock: 20 })
    const visitors = await usher.api.visitors(40)
    usher.runtime.front?.faults.set({ dropAfterExecute: 12 })
    await rush(dropId, visitors)
    await rush(dropId, visitors)
    await expectExact(dropId, visitors, 20)
  })

  it('INV-11: a claim that cannot be recorded holds up nobody, is counted as failed, and is recorded when asked again', async () => {
    const dropId = await makeDrop({ stock: 10 })
    const visitors = await usher.api.visitors(5)
    const records = await usher.runtime.miniflare.getD1Database('RECORDS')
    await records
      .prepare(
        `CREATE TRIGGER refuses BEFORE INSERT ON drop_claims WHEN NEW.user_id = '${visitors[2]?.userId}'
         BEGIN SELECT raise(ABORT, 'not this one'); END`,
      )
      .run()
    await rush(dropId, visitors)
    const stuck = { stock: 10, issued: 4, pending: 1, remaining: 5, consistent: true }
    await eventually(async () => ((await counts(dropId))?.issued === 4 ? true : null), RECOVERY_MS)
    expect(await counts(dropId)).toMatchObject(stuck)
    await eventually(async () => ((await counts(dropId))?.failed === 1 ? true : null), 2 * RECOVERY_MS)
    expect(await counts(dropId)).toMatchObject({ ...stuck, failed: 1 })
    const retried = await usher.api.admin('POST', `drops/${dropId}/failed/retry`, {})
    expect(retried).toMatchObject({ status: 200, body: { retried: 1 } })
    // Only now: a copy of its message that is still on its way would be recorded before it is asked for.
    await records.prepare('DROP TRIGGER refuses').run()
    await expectExact(dropId, visitors, 5, 10)
  })

  it('a comparison finds a record that is gone, and repairs it when it is asked to', async () => {
    const dropId = await makeDrop({ stock: 10 })
    const visitors = await usher.api.visitors(5)
    await rush(dropId, visitors)
    await expectExact(dropId, visitors, 5, 10)
    const records = await usher.runtime.miniflare.getD1Database('RECORDS')
    await records
      .prepare('DELETE FROM drop_claims WHERE drop_id = ? AND user_id = ?')
      .bind(dropId, visitors[0]?.userId)
      .run()
    expect(await counts(dropId)).toMatchObject({ consistent: false, missing: 1 })
    const repaired = await usher.api.admin('POST', `drops/${dropId}/reconciliation`, {})
    expect(repaired).toMatchObject({ status: 200, body: { missing: 1 } })
    await expectExact(dropId, visitors, 5, 10)
  })
})

/** Messages of the claims that Redis knows, some in each, as the drop's object makes them. */
async function messagesOf(dropId: string): Promise<ClaimMessage[]> {
  const [reply] = await redis(['HGETALL', dropKeys(dropId).now.drop])
  const flat = (reply as Buffer[]).map(String)
  const fields = new Map(
    Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? '', flat[2 * i + 1] ?? '']),
  )
  const generation = Number(fields.get('generation'))
  const claims = [...fields].flatMap(([field, value]) => {
    const [, claimedAtMs = '', code = ''] = value.split(':')
    return field.startsWith('u:') ? [{ userId: field.slice(2), code, claimedAtMs: Number(claimedAtMs) }] : []
  })
  return Array.from({ length: Math.ceil(claims.length / CLAIMS_OF_A_MESSAGE) }, (_, index) => {
    const start = index * CLAIMS_OF_A_MESSAGE
    return { dropId, generation, claims: claims.slice(start, start + CLAIMS_OF_A_MESSAGE) }
  })
}
