/** What the stream promises, read raw: its format, how it is opened, and what it shows on the way to the front. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFaults, expectProblem, ISO_TIME } from '../support/contract.ts'
import { openedInside, pausedEvent } from '../support/streams.ts'
import {
  eventually,
  pause,
  startTestUsher,
  type Api,
  type TestStream,
  type TestUsher,
} from '../support/usher.ts'

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

const positionsOf = (stream: TestStream): number[] =>
  stream.events.filter(({ event }) => event === 'position').map(({ data }) => data.position as number)

describe.concurrent('the format', () => {
  it('is an event stream that nobody may store, with a retry line first and an id on every event', async () => {
    const visitor = await api.visitor()
    const { stream, eventId } = await openedInside(api, visitor)
    await api.act(eventId, 'pause')
    await stream.next('status')
    await api.leave(eventId, visitor)
    await stream.closed()
    const { headers, status } = stream.response
    expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-request-id')).toBeTruthy()
    expect(stream.text).toMatch(/^retry: \d+\n/)
    const blocks = stream.text.split('\n\n').filter((block) => /^event:/m.test(block))
    expect(blocks.length).toBe(stream.events.length)
    for (const block of blocks) expect(block).toMatch(/^id: \S+$/m)
  })

  it('spreads the reconnects: not every client is told the same delay', async () => {
    const visitors = await api.visitors(6)
    const eventId = await pausedEvent(api, visitors)
    const streams = await Promise.all(visitors.map((visitor) => api.stream(eventId, visitor)))
    for (const stream of streams) await stream.next('position')
    const delays = streams.map(({ parser }) => parser.retryMs ?? 0)
    expect(new Set(delays).size).toBeGreaterThan(1)
    for (const delay of delays) expect(delay).toBeGreaterThanOrEqual(100)
    for (const stream of streams) stream.close()
  })

  it('names every field of the data, and no other', async () => {
    const [first, second] = await Promise.all([api.visitor(), api.visitor()])
    const eventId = await api.event({ capacity: 1 })
    await api.join(eventId, first)
    await api.admitted(eventId, first)
    await api.join(eventId, second)
    const [promoted, waiting] = [await api.stream(eventId, first), await api.stream(eventId, second)]
    const [promotion, position] = [await promoted.next('promotion'), await waiting.next('position')]
    expect(position.data).toEqual({
      type: 'QUEUE_POSITION',
      eventId,
      position: 1,
      totalWaiting: 1,
      etaSeconds: { low: expect.any(Number), high: expect.any(Number) },
      timestamp: expect.any(Number),
    })
    expect(Math.abs(position.data.timestamp - Date.now())).toBeLessThan(5_000)
    const { body: place } = await api.place(eventId, first)
    expect(promotion.data).toEqual({
      type: 'PROMOTED',
      eventId,
      admissionId: place.admissionId,
      entryToken: place.entryToken,
      expiresAt: place.entryTokenExpiresAt,
      message: expect.stringMatching(/./),
      timestamp: expect.any(Number),
    })
    expect(promotion.data.expiresAt).toMatch(ISO_TIME)
    for (const stream of [promoted, waiting]) stream.close()
  })

  it('cannot be forged by a name: line breaks are refused, anything else stays inside its line', async () => {
    for (const name of [
      'a\nevent: promotion\ndata: {}',
      'a\r\n\r\nevent: end',
      'a\rdata: x',
      'a\u0085b',
      'a\u0000b',
    ]) {
      expectFaults(await api.putEvent('forged', { name }), '/name')
    }
    const visitor = await api.visitor()
    const eventId = await pausedEvent(api, [visitor], { name: 'a\u2028event: end\u2029data: {}' })
    const stream = await api.stream(eventId, visitor)
    await stream.next('position')
    expect(stream.events.map(({ event }) => event)).toEqual(['position'])
    stream.close()
  })
})

describe.concurrent('opening', () => {
  it('is refused without a place, without an event and without a credential, as a problem', async () => {
    const visitor = await api.visitor()
    const eventId = await api.event()
    const path = `/api/v1/events/${eventId}/queue/stream`
    expectProblem(await api.request('GET', path, { token: visitor.token }), 404, 'not-in-queue')
    expectProblem(await api.request('GET', path), 401, 'unauthenticated')
    expectProblem(
      await api.request('GET', '/api/v1/events/nobody/queue/stream', visitor),
      404,
      'event-not-found',
    )
    expect((await api.status(eventId)).body.waiting).toBe(0)
  })

  it('shows something within a second, to one who waits and to one who is inside', async () => {
    const [waiting, admitted] = await Promise.all([api.visitor(), api.visitor()])
    const eventId = await pausedEvent(api, [waiting])
    const room = await openedInside(api, admitted)
    room.stream.close()
    for (const [where, who, name] of [
      [eventId, waiting, 'position'],
      [room.eventId, admitted, 'promotion'],
    ] as const) {
      const openedAtMs = Date.now()
      const stream = await api.stream(where, who)
      const first = await stream.next(name)
      expect(stream.events[0]).toBe(first)
      expect(first.atMs - openedAtMs).toBeLessThan(1_000)
      stream.close()
    }
  })

  it('a second time ends the first with `replaced`, and keeps the place', async () => {
    const [ahead, visitor] = await Promise.all([api.visitor(), api.visitor()])
    const eventId = await pausedEvent(api, [ahead, visitor])
    const first = await api.stream(eventId, visitor)
    await first.next('position')
    const second = await api.stream(eventId, visitor)
    expect((await second.next('position')).data.position).toBe(2)
    expect((await first.next('end')).data).toEqual({
      type: 'END',
      reason: 'replaced',
      timestamp: expect.any(Number),
    })
    await first.closed()
    await api.leave(eventId, ahead)
    await second.next('position', ({ position }) => position === 1)
    expect(second.isClosed).toBe(false)
    second.close()
  })

  it('after the place has ended says how, and ends', async () => {
    const visitor = await api.visitor()
    const eventId = await pausedEvent(api, [visitor])
    await api.leave(eventId, visitor)
    const stream = await api.stream(eventId, visitor)
    expect((await stream.next('end')).data.reason).toBe('left')
    await stream.closed()
  })
})

describe.concurrent('the way to the front', () => {
  it('INV-8: a position falls to the promotion, never grows, and comes at most once a second', async () => {
    const visitors = await api.visitors(8)
    const [watched] = visitors.slice(-1)
    if (watched === undefined) throw new Error('nobody')
    const eventId = await pausedEvent(api, visitors)
    const stream = await api.stream(eventId, watched)
    await stream.next('position', ({ position }) => position === 8)
    for (const visitor of visitors.slice(0, 7)) {
      await api.leave(eventId, visitor)
      await pause(250)
    }
    await stream.next('position', ({ position }) => position === 1)
    await api.act(eventId, 'resume')
    await stream.next('promotion')
    const positions = positionsOf(stream)
    expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => b - a))
    expect(positions[0]).toBe(8)
    const times = stream.events
      .filter(({ event }) => event === 'position')
      .map(({ data }) => data.timestamp as number)
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    // The clock of a tick is a few milliseconds off the second.
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(900)
    const names = stream.events.map(({ event }) => event)
    expect(names.lastIndexOf('position')).toBeLessThan(names.indexOf('promotion'))
    stream.close()
  })

  it('INV-8: no position is shown that is smaller than the truth', async () => {
    const visitors = await api.visitors(4)
    const eventId = await pausedEvent(api, visitors)
    const streams = await Promise.all(visitors.map((visitor) => api.stream(eventId, visitor)))
    const [first, ...rest] = visitors
    if (first === undefined) throw new Error('nobody')
    await api.leave(eventId, first)
    await streams[3]?.next('position', ({ position }) => position === 3)
    // Who comes back goes to the end, and moves nobody.
    expect((await api.join(eventId, first)).body.position).toBe(4)
    const back = await api.stream(eventId, first)
    expect((await back.next('position')).data.position).toBe(4)
    for (const [index, visitor] of rest.entries()) {
      expect((await api.place(eventId, visitor)).body.position).toBe(index + 1)
      expect(Math.min(...positionsOf(streams[index + 1] as TestStream))).toBe(index + 1)
    }
    for (const stream of [...streams, back]) stream.close()
  })

  it('beats for those who wait and for those inside: one heartbeat within 6 s, the next 5 s later', async () => {
    const [waiting, admitted] = await Promise.all([api.visitor(), api.visitor()])
    const eventId = await pausedEvent(api, [waiting])
    const room = await openedInside(api, admitted)
    const openedAtMs = Date.now()
    const streams = [await api.stream(eventId, waiting), await api.stream(room.eventId, admitted)]
    for (const stream of streams) {
      const beats = await eventually(
        () => {
          const found = stream.events.filter(({ event }) => event === 'heartbeat')
          return found.length >= 2 ? found : null
        },
        12_000,
        stream,
      )
      const [first, second] = beats.map(({ data }) => data.timestamp as number) as [number, number]
      expect(beats[0]?.data).toEqual({ type: 'HEARTBEAT', timestamp: first })
      expect(first - openedAtMs).toBeLessThan(6_000)
      expect(second - first).toBeGreaterThan(4_000)
      expect(second - first).toBeLessThan(6_000)
    }
    // Nothing changed, so nothing else was said.
    expect(streams[0]?.events.filter(({ event }) => event !== 'heartbeat').map(({ event }) => event)).toEqual(
      ['position'],
    )
    for (const stream of streams) stream.close()
  })

  it('a closed connection near the head is noticed within 2 s, and an open one is not taken for closed', async () => {
    const [gone, here] = await Promise.all([api.visitor(), api.visitor()])
    const eventId = await pausedEvent(api, [gone, here])
    const [closing, open] = [await api.stream(eventId, gone), await api.stream(eventId, here)]
    for (const stream of [closing, open]) await stream.next('position')
    const counts = async () => {
      const { body } = await api.admin('GET', `events/${eventId}`)
      return [body.waiting, body.present, body.streams]
    }
    expect(await counts()).toEqual([2, 2, 2])
    closing.close()
    const closedAtMs = Date.now()
    await eventually(async () => ((await counts())[2] === 1 ? true : null))
    expect(Date.now() - closedAtMs).toBeLessThan(2_100)
    expect(await counts()).toEqual([2, 1, 1])
    open.close()
  })
})
