/** Crowds and hostile clients at full size. Each scenario has a fresh server, so that its memory is its own. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startTestUsher, type TestUsher } from '../support/usher.ts'
import { quantile } from './crowd.ts'
import { herd } from './herd.ts'
import { hostileRequests } from './hostile-requests.ts'
import { joinStorm, slowJoins } from './join-storm.ts'
import { oneUser } from './one-user.ts'
import { slowReaders } from './slow-readers.ts'

/** What thousands of hang-ups, and the count itself, may take on a machine that has other work. */
const BUSY_MS = 5_000

let usher: TestUsher

beforeEach(async () => {
  usher = await startTestUsher()
})

afterEach(() => usher.stop())

it('200 readers that never read cost little, and delay nobody else', async () => {
  const { figures, slowestNewsMs, grownMb } = await slowReaders(usher, { readers: 200, news: 15 })
  console.table({ 'slow readers': figures })
  expect(slowestNewsMs).toBeLessThan(2_000)
  expect(grownMb).toBeLessThan(64)
})

it('5,000 streams come and go at once, twice: all are noticed, and the second time costs no more', async () => {
  const result = await herd(usher, 5_000)
  console.table({ herd: result.figures })
  expect(result.slowestNewsMs).toBeLessThan(2_000)
  expect(result.noticedMs).toBeLessThan(10_000 + BUSY_MS)
  expect(result.memoryMb[1]).toBeLessThan(result.memoryMb[0] * 1.25)
})

it('INV-4: 10,000 joins faster than a line takes them: who is refused is told when to come back, and all get in', async () => {
  const storm = await joinStorm(usher, { joins: 10_000, perSecond: 5_000, withinMs: 90_000 })
  console.table({ 'storm of joins': storm.figures })
  expect([...storm.answers.keys()].filter((status) => ![200, 201, 429, 503].includes(status))).toEqual([])
  expect(storm.withoutRetryAfter).toBe(0)
  expect([storm.inside, storm.waiting]).toEqual([10_000, 10_000])
  expect(storm.pollsRefused).toBe(0)
})

it('INV-4: joins that take a second each are refused in time, all get in, and polls notice nothing', async () => {
  const result = await slowJoins(usher, 1_000)
  console.table({ 'slow joins': result.figures })
  expect(result.shed).toBeGreaterThan(0)
  expect([result.inside, result.joined]).toEqual([1_000, 1_000])
  expect([result.withoutRetryAfter, result.pollsRefused]).toEqual([0, 0])
  expect(quantile(result.pollDelays, 0.95)).toBeLessThan(1_000)
})

it('INV-4: one visitor with 1,000 connections has one stream and one place', async () => {
  const result = await oneUser(usher, 1_000)
  console.table({ 'one visitor': result.figures })
  expect(result).toMatchObject({ waiting: 1, replaced: 999 })
  expect(result.joinNumbers).toEqual(new Set([1]))
})

it('requests made to hurt are refused or cut off, and the server is well after each', async () => {
  const result = await hostileRequests(usher, { idle: 2_000, slowBodies: 50 })
  console.table({ 'hostile requests': result.figures })
  expect(result.unrefused).toEqual([])
  expect(result.slowestBodyMs).toBeLessThan(15_000)
  expect(result.healths).toEqual(new Set([200]))
})
