import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CLAIM_STATEMENTS_MAX } from '../../src/drops/core/limits.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import {
  BUNDLE_DIR,
  eventually,
  startTestUsher,
  type Answer,
  type TestUsher,
  type Visitor,
} from '../support/usher.ts'

let database: TestPostgres
let usher: TestUsher

/** The Worker reaches it through the runtime's own Hyperdrive. */
const withPostgres = () => ({ bundleDir: BUNDLE_DIR, settings: { DATABASE_URL: database.url } })

beforeAll(async () => {
  database = await startPostgres()
  usher = await startTestUsher({}, undefined, withPostgres())
})

afterAll(async () => {
  await usher.stop()
  await database.stop()
})

const path = (dropId: string) => `/api/v1/drops/${dropId}`
const put = (dropId: string, body: object) =>
  usher.api.admin('PUT', `drops/${dropId}`, { name: '첫 쿠폰', strategy: 'skip-locked', ...body })
const claim = (dropId: string, { token }: Visitor): Promise<Answer> =>
  usher.api.request('POST', `${path(dropId)}/claims`, { token, body: {} })
const mine = (dropId: string, { token }: Visitor) =>
  usher.api.request('GET', `${path(dropId)}/claims/me`, { token })
const reconciliation = async (dropId: string) =>
  (await usher.api.admin('GET', `drops/${dropId}/reconciliation`)).body

describe('a drop that PostgreSQL issues, through Hyperdrive', () => {
  test('is made, claimed, sold out, and reopened by more codes', async () => {
    const codes = ['가나-1', '가나-2']
    expect((await put('life', { codes })).status).toBe(201)
    expect((await put('life', { codes })).status).toBe(200)
    const [ada, bob, eve] = await usher.api.visitors(3)
    if (ada === undefined || bob === undefined || eve === undefined) throw new Error('no visitors')
    const first = await claim('life', ada)
    expect(first).toMatchObject({ status: 201, body: { state: 'issued', code: '가나-1' } })
    expect(await claim('life', ada)).toMatchObject({ status: 200, body: first.body })
    expect((await mine('life', bob)).status).toBe(404)
    expect((await claim('life', bob)).status).toBe(201)
    expect(await claim('life', eve)).toMatchObject({ status: 410, body: { code: 'sold-out' } })
    expect(await mine('life', ada)).toMatchObject({ status: 200, body: first.body })
    expect(await reconciliation('life')).toMatchObject({
      stock: 2,
      issued: 2,
      remaining: 0,
      consistent: true,
    })
    await put('life', { codes: [...codes, '가나-3'] })
    const reopened = await eventually(async () => {
      const answer = await claim('life', eve)
      return answer.status === 201 ? answer : null
    }, 5_000)
    expect(reopened.body.code).toBe('가나-3')
  })

  test('is exported from PostgreSQL, whatever the records of the deployment are', async () => {
    await put('csv', { codes: ['C-1'] })
    const visitor = await usher.api.visitor()
    const { body } = await claim('csv', visitor)
    const { body: csv } = await usher.api.admin('GET', 'drops/csv/claims.csv')
    expect(csv.trim().split('\r\n').at(-1)).toBe(
      [body.claimId, visitor.userId, 'C-1', body.claimedAt].join(','),
    )
  })

  test('is not open before its time', async () => {
    const opensAt = new Date(Date.now() + 4_000).toISOString()
    await put('later', { stock: 1, opensAt })
    const visitor = await usher.api.visitor()
    const early = await claim('later', visitor)
    expect(early).toMatchObject({ status: 409, body: { code: 'drop-not-open' } })
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    const { body } = await eventually(async () => {
      const answer = await claim('later', visitor)
      return answer.status === 201 ? answer : null
    }, 15_000)
    expect(Date.parse(body.claimedAt)).toBeGreaterThanOrEqual(Date.parse(opensAt))
  })

  test('answers those who wait behind claims whose visitors have hung up', async () => {
    await put('hung-up', { stock: 10 })
    const visitors = await usher.api.visitors(CLAIM_STATEMENTS_MAX + 3)
    const leavers = visitors.slice(0, CLAIM_STATEMENTS_MAX)
    const other = await database.sql.reserve()
    await other`BEGIN`
    for (const { userId } of leavers)
      await other`INSERT INTO drop_claims VALUES ('hung-up', ${userId}, ${`held-${userId}`}, 1)`
    const hangUp = new AbortController()
    const left = leavers.map(({ token }) =>
      fetch(`${usher.url}${path('hung-up')}/claims`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        signal: hangUp.signal,
      }),
    )
    await untilWaiting(leavers.length)
    const behind = visitors.slice(CLAIM_STATEMENTS_MAX).map((visitor) => claim('hung-up', visitor))
    hangUp.abort()
    expect((await Promise.allSettled(left)).every(({ status }) => status === 'rejected')).toBe(true)
    await other`ROLLBACK`
    other.release()
    expect((await Promise.all(behind)).map(({ status }) => status)).toEqual([201, 201, 201])
    const again = await Promise.all(leavers.map((visitor) => claim('hung-up', visitor)))
    expect(again.every(({ status }) => status === 200 || status === 201)).toBe(true)
  })

  /** Until so many claiming statements wait for another's transaction. */
  async function untilWaiting(count: number): Promise<void> {
    await eventually(async () => {
      const waiting = await database.sql`
        SELECT FROM pg_stat_activity WHERE query LIKE '%is_early%' AND wait_event_type = 'Lock'`
      return waiting.length >= count ? true : null
    }, 1_500)
  }

  test('answers 503 while PostgreSQL is away, and the same claims when it is back', async ({ skip }) => {
    const { embedded } = database
    if (embedded === null) return skip('the server at DATABASE_URL is not ours to kill')
    await put('away', { stock: 10 })
    const [ada, bob] = await usher.api.visitors(2)
    if (ada === undefined || bob === undefined) throw new Error('no visitors')
    const before = await claim('away', ada)
    await embedded.kill()
    const refused = await claim('away', bob)
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect((await put('born-away', { stock: 1 })).status).toBe(503)
    await embedded.restart()
    const after = await eventually(async () => {
      const answer = await claim('away', bob)
      return answer.status === 201 ? answer : null
    }, 15_000)
    expect(after.body.code).not.toBe(before.body.code)
    expect((await claim('away', ada)).body).toEqual(before.body)
    expect(await reconciliation('away')).toMatchObject({ issued: 2, remaining: 8, consistent: true })
    const supplied = await eventually(async () => {
      const answer = await claim('born-away', ada)
      return answer.status === 201 ? answer : null
    }, 15_000)
    expect(supplied.body.state).toBe('issued')
  })
})

test('a deployment without PostgreSQL refuses the strategy and says what it lacks', async () => {
  const without = await startTestUsher({}, undefined, { bundleDir: BUNDLE_DIR })
  try {
    const body = { name: 'x', stock: 1, strategy: 'skip-locked' }
    expect(await without.api.admin('PUT', 'drops/nowhere', body)).toMatchObject({
      status: 422,
      body: {
        code: 'drop-strategy-unavailable',
        strategy: 'skip-locked',
        missing: 'the Hyperdrive POSTGRES',
      },
    })
    expect((await without.api.request('GET', path('nowhere'))).status).toBe(404)
  } finally {
    await without.stop()
  }
})

test('with DROP_RECORDS=postgres what an object issues and what Redis issues is recorded there', async () => {
  const recording = await startTestUsher({ DROP_RECORDS: 'postgres' }, undefined, withPostgres())
  try {
    for (const strategy of ['object', 'redis-queue']) {
      const dropId = `recorded-${strategy}`
      await recording.api.admin('PUT', `drops/${dropId}`, { name: 'x', codes: ['R-1'], strategy })
      const { token, userId } = await recording.api.visitor()
      const { status } = await recording.api.request('POST', `${path(dropId)}/claims`, { token, body: {} })
      expect(status).toBe(strategy === 'object' ? 201 : 202)
      const rows = await eventually(async () => {
        const found = await database.sql`SELECT user_id, code FROM drop_claims WHERE drop_id = ${dropId}`
        return found.length > 0 ? found : null
      }, 15_000)
      expect([...rows]).toEqual([{ user_id: userId, code: 'R-1' }])
      const { body } = await eventually(async () => {
        const answer = await recording.api.admin('GET', `drops/${dropId}/reconciliation`)
        return answer.body.pending === 0 ? answer : null
      }, 15_000)
      expect(body).toMatchObject({ issued: 1, pending: 0, remaining: 0, consistent: true })
    }
  } finally {
    await recording.stop()
  }
})
