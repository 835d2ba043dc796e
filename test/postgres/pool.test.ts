import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TimedOut } from '../../src/bounded.ts'
import { CLAIM_TIMEOUT_MS } from '../../src/drops/core/limits.ts'
import type { PostgresPool } from '../../src/drops/postgres/pool.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { openDrop, testPool } from './drop.ts'
import { startProxy, type Proxy } from './proxy.ts'

let database: TestPostgres
let proxy: Proxy
let pool: PostgresPool

beforeAll(async () => {
  database = await startPostgres()
  proxy = await startProxy(database.url)
  pool = testPool(proxy.url)
})

beforeEach(() => {
  proxy.swallows = false
})

afterAll(async () => {
  await pool.close()
  proxy.stop()
  await database.stop()
})

describe('a server whose answers do not arrive', () => {
  test('a claim ends within its time, and was made: asked again it is the same one', async () => {
    const drop = await openDrop(pool, 5)
    const { issuer } = drop
    expect(await issuer.claim('ada')).toMatchObject({ isNew: true })
    proxy.swallows = true
    const startedMs = performance.now()
    await expect(issuer.claim('bob')).rejects.toThrow(TimedOut)
    expect(performance.now() - startedMs).toBeLessThan(CLAIM_TIMEOUT_MS + 3_000)
    expect(drop.wakings, 'it may have been the last coupon').toBe(2)
    proxy.swallows = false
    expect(await issuer.claim('bob')).toMatchObject({ kind: 'claimed', isNew: false })
    expect(await issuer.counts()).toMatchObject({ issued: 2, remaining: 3 })
  })

  test('its connections are left, so the next statement does not wait behind what was never answered', async () => {
    await pool.rows('SELECT 1', [], 1_000)
    proxy.swallows = true
    const asked = Array.from({ length: 10 }, () => pool.rows('SELECT 1', [], 200))
    expect((await Promise.allSettled(asked)).every(({ status }) => status === 'rejected')).toBe(true)
    proxy.swallows = false
    expect(await pool.rows('SELECT 1 AS one', [], 5_000)).toEqual([{ one: 1 }])
  })
})

test('a pool has no more connections than it may have, and the others wait their turn', async () => {
  const small = testPool(database.url, 3)
  const rows = await Promise.all(
    Array.from({ length: 30 }, () =>
      small.rows<{ pid: number }>('SELECT pg_backend_pid() AS pid, pg_sleep(0.01)::text', [], 5_000),
    ),
  )
  expect(new Set(rows.flat().map(({ pid }) => pid)).size).toBeLessThanOrEqual(3)
  await small.close()
})
