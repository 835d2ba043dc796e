/**
 * Controls of INV-11: the coupon services that this one replaces, on a real Redis. Each has to be found out by the same
 * check that the rushes of test/blackbox/drops pass, and must not be once its one mistake is mended.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { violationsOf } from '../support/drops/books.ts'
import { listenAndIssue, lookAndTake, popAndRefill } from '../support/drops/originals.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

let redis: TestRedis

beforeAll(async () => {
  redis = await startRedis('embedded')
})

afterAll(() => redis.stop())

function ids(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}${index}`)
}

describe('a listener that looks at the first request, issues, and takes the first away', () => {
  const instances = 3
  const users = ids('u', 120)

  it.each(['no lock', 'a lock that is looked at and then set'] as const)(
    'is seen to issue twice and to lose requests on three instances with %s',
    async (listener) => {
      const found = violationsOf(await listenAndIssue(redis.client, users, instances, listener)).join('; ')
      expect(found).toContain('visitors have two coupons')
      expect(found).toContain('acknowledged claims are gone')
    },
  )

  it('is not accused on one instance', async () => {
    expect(violationsOf(await listenAndIssue(redis.client, users, 1, 'no lock'))).toEqual([])
  })

  it('is not accused on three instances with a lock that is set at once', async () => {
    const books = await listenAndIssue(redis.client, users, instances, 'a lock that is set at once')
    expect(violationsOf(books)).toEqual([])
  })
})

describe('a list of codes in Redis that is filled from a table', () => {
  const codes = ids('c', 100)
  const users = ids('u', 400)

  it('is seen to oversell when it is filled whenever it is found empty', async () => {
    const books = await popAndRefill(redis.client, codes, users, 'whenever it is empty')
    const found = violationsOf(books).join('; ')
    expect(found).toContain('oversold')
    expect(found).toContain('codes were issued twice')
  })

  it('is not accused when it is filled once', async () => {
    expect(violationsOf(await popAndRefill(redis.client, codes, users, 'once'))).toEqual([])
  })
})

describe('a counter of what is left', () => {
  const stock = 50
  const users = [...ids('u', 200), ...ids('u', 20)]

  it('is seen to oversell when it is looked at and then counted down', async () => {
    const found = violationsOf(await lookAndTake(redis.client, stock, users, false)).join('; ')
    expect(found).toContain('oversold')
    expect(found).toContain('codes were issued twice')
    expect(found).toContain('visitors have two coupons')
  })

  it('is not accused when one script does both', async () => {
    const books = await lookAndTake(redis.client, stock, ids('u', 200), true)
    expect(violationsOf(books)).toEqual([])
  })
})
