/** The crowds and hostile clients of test/overload, in small: one server for all, in seconds. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { herd } from '../overload/herd.ts'
import { hostileRequests } from '../overload/hostile-requests.ts'
import { joinStorm } from '../overload/join-storm.ts'
import { oneUser } from '../overload/one-user.ts'
import { slowReaders } from '../overload/slow-readers.ts'
import { startTestUsher, type TestUsher } from '../support/usher.ts'

let usher: TestUsher

beforeAll(async () => {
  usher = await startTestUsher()
})

afterAll(() => usher.stop())

it('50 readers that never read delay nobody else', async () => {
  const { slowestNewsMs } = await slowReaders(usher, { readers: 50, news: 3 })
  expect(slowestNewsMs).toBeLessThan(2_000)
})

it('300 streams come and go at once, twice, and are noticed', async () => {
  const { slowestNewsMs } = await herd(usher, 300)
  expect(slowestNewsMs).toBeLessThan(2_000)
})

it('INV-4: of a storm of joins all get in, each once', async () => {
  const storm = await joinStorm(usher, { joins: 600, perSecond: 3_000, withinMs: 20_000 })
  expect([storm.inside, storm.waiting, storm.withoutRetryAfter, storm.pollsRefused]).toEqual([600, 600, 0, 0])
})

it('INV-4: one visitor with 60 connections has one stream and one place', async () => {
  const result = await oneUser(usher, 60)
  expect(result).toMatchObject({ waiting: 1, replaced: 59 })
  expect(result.joinNumbers).toEqual(new Set([1]))
})

it('requests made to hurt are refused or cut off, and the server is well after each', async () => {
  const { unrefused, slowestBodyMs, healths } = await hostileRequests(usher, { idle: 200, slowBodies: 3 })
  expect(unrefused).toEqual([])
  expect(slowestBodyMs).toBeLessThan(15_000)
  expect(healths).toEqual(new Set([200]))
})
