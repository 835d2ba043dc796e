/** An event with more streams than its line writes itself: those that come later are held by shards. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { STREAM_SHARDS_FROM } from '../../src/core/limits.ts'
import { guestTokens } from '../overload/crowd.ts'
import { ShopApi, type Buyer } from '../support/shop.ts'
import { closeStreams, joinAll, openStreams, type CrowdStream } from '../overload/streams.ts'
import {
  eventually,
  startTestUsher,
  type TestStream,
  type TestUsher,
  type Visitor,
} from '../support/usher.ts'

const WATCHERS = 60
const ADMITTED = 20

let usher: TestUsher
let eventId: string
let watchers: Visitor[]
let crowd: CrowdStream[] = []

beforeAll(async () => {
  usher = await startTestUsher()
  eventId = await usher.api.event({ capacity: 0, disconnectGraceSeconds: 3_600 })
  const tokens = await guestTokens(usher, WATCHERS + STREAM_SHARDS_FROM + 1)
  watchers = tokens.slice(0, WATCHERS).map((token) => ({ userId: '', token, cookie: '' }))
  for (const { token } of watchers) await joinAll(usher, eventId, [token])
  await joinAll(usher, eventId, tokens.slice(WATCHERS))
  crowd = await openStreams(usher, eventId, tokens.slice(WATCHERS), true)
  await untilStreams(STREAM_SHARDS_FROM + 1)
})

afterAll(async () => {
  closeStreams(crowd)
  await usher.stop()
})

async function untilStreams(count: number): Promise<void> {
  await eventually(async () => {
    const { body } = await usher.api.admin('GET', `events/${eventId}`)
    return body.streams === count ? true : null
  }, 20_000)
}

async function openAll(): Promise<{ streams: TestStream[]; positions: number[] }> {
  const streams = await Promise.all(watchers.map((visitor) => usher.api.stream(eventId, visitor)))
  const first = await Promise.all(streams.slice(ADMITTED).map((stream) => stream.next('position')))
  return { streams, positions: first.map(({ data }) => data.position) }
}

/** The first of those who are inside takes a seat; the others see it. */
async function expectSeatsToBeSeen(buyer: Buyer, streams: readonly TestStream[]): Promise<void> {
  const shop = new ShopApi(usher.api)
  await shop.plan(eventId, [{ name: 'A', rows: 1, seatsPerRow: 4, price: 500 }])
  const heldAtMs = Date.now()
  expect((await shop.hold(eventId, buyer, { seatIds: ['A-1-3'] })).status).toBe(201)
  for (const stream of streams) {
    const seen = await stream.next('seats', ({ seats }) => seats.length > 0)
    expect(seen.data.seats).toEqual([{ seatId: 'A-1-3', state: 'held' }])
    expect(seen.atMs - heldAtMs).toBeLessThan(3_000)
  }
}

describe('an event of more than 1,500 streams', () => {
  it('INV-2, INV-5, INV-8, INV-9: admits in order, tells each once and at once, shows seats that change, and a killed server takes no place or token', async () => {
    const { streams } = await openAll()
    await untilStreams(STREAM_SHARDS_FROM + 1 + WATCHERS)
    const changedAtMs = Date.now()
    await usher.api.admin('PATCH', `events/${eventId}`, { capacity: ADMITTED })
    const told = await Promise.all(streams.slice(0, ADMITTED).map((stream) => stream.next('promotion')))
    for (const { atMs } of told) expect(atMs - changedAtMs).toBeLessThan(3_000)
    const tokens = told.map(({ data }) => data.entryToken)
    expect(new Set(tokens).size).toBe(ADMITTED)
    const waiting = streams.slice(ADMITTED)
    for (const [index, stream] of waiting.entries()) {
      await stream.next('position', ({ position }) => position === index + 1)
      const shown = stream.events.flatMap(({ event, data }) => (event === 'position' ? [data.position] : []))
      expect(shown).toEqual(shown.toSorted((a, b) => b - a))
    }
    const [buyer] = watchers
    if (buyer === undefined) throw new Error('nobody is there')
    const { admissionId, entryToken } = told[0]?.data ?? {}
    await expectSeatsToBeSeen({ ...buyer, admissionId, entryToken }, streams.slice(1, ADMITTED))
    const pid = usher.runtime.workerdPid()
    if (pid === null) throw new Error('no workerd')
    process.kill(pid, 'SIGKILL')
    await Promise.all(streams.map((stream) => stream.closed()))
    await eventually(async () => {
      const status = await usher.api.status(eventId).catch(() => null)
      return status?.status === 200 ? true : null
    }, 20_000)
    const back = await openAll()
    expect(back.positions).toEqual(waiting.map((_, index) => index + 1))
    const again = await Promise.all(back.streams.slice(0, ADMITTED).map((stream) => stream.next('promotion')))
    expect(again.map(({ data }) => data.entryToken)).toEqual(tokens)
    for (const stream of back.streams) stream.close()
  }, 90_000)
})
