/** What the stream promises: read raw, and by a client that knows nothing of us but the standard. */
import { EventSource } from 'eventsource'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFaults, expectProblem, ISO_TIME } from '../support/contract.ts'
import {
  eventually,
  pause,
  startTestUsher,
  type Api,
  type TestStream,
  type TestUsher,
  type Visitor,
} from '../support/usher.ts'

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

/** An event in which these visitors wait, in this order. */
async function paused(visitors: readonly Visitor[], config: object = {}): Promise<string> {
  const eventId = await api.event({ status: 'paused', ...config })
  for (const visitor of visitors) expect((await api.join(eventId, visitor)).status).toBe(201)
  return eventId
}

/** An event that has admitted this visitor, and the stream that said so. */
async function inside(
  visitor: Visitor,
  config: object = {},
): Promise<{ eventId: string; stream: TestStream; promotion: any }> {
  const eventId = await api.event(config)
  await api.join(eventId, visitor)
  const stream = await api.stream(eventId, visitor)
  const { data } = await stream.next('promotion')
  return { eventId, stream, promotion: data }
}

function act(eventId: string, action: string): Promise<unknown> {
  return api.admin('POST', `events/${eventId}/${action}`)
}

const positionsOf = (stream: TestStream): number[] =>
  stream.events.filter(({ event }) => event === 'position').map(({ data }) => data.position as number)

describe.concurrent('the format', () => {
  it('is an event stream that nobody may store, with a retry line first and an id on every event', async () => {
    const visitor = await api.visitor()
    const { stream, eventId } = await inside(visitor)
    await act(eventId, 'pause')
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
    const eventId = await paused(visitors)
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
    const eventId = await paused([visitor], { name: 'a\u2028event: end\u2029data: {}' })
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
    const eventId = await paused([waiting])
    const room = await inside(admitted)
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
    const eventId = await paused([ahead, visitor])
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
    const eventId = await paused([visitor])
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
    const eventId = await paused(visitors)
    const stream = await api.stream(eventId, watched)
    await stream.next('position', ({ position }) => position === 8)
    for (const visitor of visitors.slice(0, 7)) {
      await api.leave(eventId, visitor)
      await pause(250)
    }
    await stream.next('position', ({ position }) => position === 1)
    await act(eventId, 'resume')
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
    const eventId = await paused(visitors)
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
    const eventId = await paused([waiting])
    const room = await inside(admitted)
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
    const eventId = await paused([gone, here])
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

describe.concurrent('a lost connection', () => {
  it('costs the place only after the grace period, and not if the visitor is back by then', async () => {
    const [inside, gone, back] = await Promise.all([api.visitor(), api.visitor(), api.visitor()])
    const eventId = await api.event({ capacity: 1, disconnectGraceSeconds: 3 })
    await api.join(eventId, inside)
    await api.admitted(eventId, inside)
    for (const visitor of [gone, back]) await api.join(eventId, visitor)
    const streams = await Promise.all([gone, back].map((visitor) => api.stream(eventId, visitor)))
    for (const stream of streams) await stream.next('position')
    for (const stream of streams) stream.close()
    const closedAtMs = Date.now()
    // The counts are no sign of life; asking for the place would be one.
    const counts = async () => {
      const { body } = await api.admin('GET', `events/${eventId}`)
      return [body.waiting as number, body.present as number]
    }
    await eventually(async () => ((await counts())[1] === 0 ? true : null))
    const again = await api.stream(eventId, back)
    expect((await again.next('position')).data.position).toBe(2)
    expect(await counts()).toEqual([2, 1])
    await again.next('position', ({ position }) => position === 1, 8_000)
    expect(Date.now() - closedAtMs).toBeGreaterThanOrEqual(3_000)
    expect(Date.now() - closedAtMs).toBeLessThan(3_000 + 2_000 + 1_500)
    const late = await api.stream(eventId, gone)
    expect((await late.next('end')).data.reason).toBe('expired')
    expect((await api.join(eventId, gone)).body).toMatchObject({ state: 'WAITING', position: 2 })
    again.close()
  })

  it('of somebody whose place ended meanwhile joins nobody by accident, not at the broker address either', async () => {
    const visitor = await api.visitor()
    const eventId = await paused([visitor])
    await api.leave(eventId, visitor)
    const resumed = await api.brokerStream(eventId, visitor, { 'last-event-id': '1' })
    expect((await resumed.next('end')).data.reason).toBe('left')
    expect((await api.status(eventId)).body.waiting).toBe(0)
    const fresh = await api.brokerStream(eventId, visitor)
    expect((await fresh.next('position')).data.position).toBe(1)
    fresh.close()
  })
})

describe.concurrent('the status', () => {
  it('of the sale is heard within 2 s of every action, waiting or inside', async () => {
    const [admitted, waiting] = await Promise.all([api.visitor(), api.visitor()])
    const { eventId, stream } = await inside(admitted, { capacity: 1 })
    await api.join(eventId, waiting)
    const streams = [stream, await api.stream(eventId, waiting)]
    for (const [action, status] of [
      ['pause', 'paused'],
      ['resume', 'open'],
      ['sold-out', 'sold_out'],
      ['close', 'closed'],
    ] as const) {
      const actedAtMs = Date.now()
      await act(eventId, action)
      // Those who wait are told the end of their wait by the first of the two that end it.
      for (const listening of action === 'close' ? [stream] : streams) {
        const { data, atMs } = await listening.next('status', (said) => said.status === status)
        expect(data).toEqual({ type: 'EVENT_STATUS', status, timestamp: expect.any(Number) })
        expect(atMs - actedAtMs).toBeLessThan(2_000)
      }
    }
    stream.close()
  })

  it('of a paused sale admits nobody, and of a resumed one goes on', async () => {
    const visitor = await api.visitor()
    const eventId = await paused([visitor])
    const stream = await api.stream(eventId, visitor)
    await stream.next('heartbeat', undefined, 7_000)
    expect(stream.events.some(({ event }) => event === 'promotion')).toBe(false)
    await act(eventId, 'resume')
    await stream.next('promotion')
    stream.close()
  })
})

describe.concurrent('the end', () => {
  async function expectEnd(stream: TestStream, reason: string): Promise<void> {
    const { data } = await stream.next('end')
    expect(data).toEqual({ type: 'END', reason, timestamp: expect.any(Number) })
    await stream.closed()
    expect(stream.events.at(-1)?.event).toBe('end')
  }

  it('is `left` for who leaves, waiting or inside', async () => {
    const [waiting, admitted] = await Promise.all([api.visitor(), api.visitor()])
    const eventId = await paused([waiting])
    const waitingStream = await api.stream(eventId, waiting)
    const room = await inside(admitted)
    await api.leave(eventId, waiting)
    await api.leave(room.eventId, admitted)
    await expectEnd(waitingStream, 'left')
    await expectEnd(room.stream, 'left')
  })

  it('is `completed` when the shop says so', async () => {
    const { stream, promotion } = await inside(await api.visitor())
    await api.redeem(promotion.entryToken, 's')
    await api.release(promotion.admissionId, 'completed')
    await expectEnd(stream, 'completed')
  })

  it('is `expired` when the token is not redeemed in time', async () => {
    const { stream } = await inside(await api.visitor(), { entryTokenTtlSeconds: 1 })
    await expectEnd(stream, 'expired')
  })

  it.each([
    ['sold-out', 'sold_out'],
    ['close', 'closed'],
  ])('is told to everybody who waits on %s, after the status', async (action, reason) => {
    const visitors = await api.visitors(3)
    const eventId = await paused(visitors)
    const streams = await Promise.all(visitors.map((visitor) => api.stream(eventId, visitor)))
    await act(eventId, action)
    for (const stream of streams) {
      await expectEnd(stream, reason)
      expect(stream.events.slice(-2).map(({ event }) => event)).toEqual(['status', 'end'])
    }
    for (const visitor of visitors) {
      const late = await api.stream(eventId, visitor)
      await expectEnd(late, reason)
    }
  })
})

type Heard = { readonly event: string; readonly data: any; readonly id: string }

/** The standard's client, as a browser has it, except that it sends a bearer token. */
class StandardClient {
  readonly heard: Heard[] = []
  /** The `Last-Event-ID` of each connection; null at the first. */
  readonly resumedFrom: (string | null)[] = []
  readonly #source: EventSource

  constructor(url: string, visitor: Visitor) {
    this.#source = new EventSource(url, {
      fetch: (input, init) => {
        const headers = new Headers(init.headers)
        this.resumedFrom.push(headers.get('last-event-id'))
        headers.set('authorization', `Bearer ${visitor.token}`)
        return fetch(input, { ...init, headers })
      },
    })
    for (const name of ['position', 'promotion', 'heartbeat', 'status', 'end']) {
      this.#source.addEventListener(name, ({ data, lastEventId }) => {
        this.heard.push({ event: name, data: JSON.parse(data), id: lastEventId })
        if (name === 'end') this.close()
      })
    }
  }

  next(name: string, fits: (data: any) => boolean = () => true, withinMs = 5_000): Promise<Heard> {
    return eventually(
      () => this.heard.find(({ event, data }) => event === name && fits(data)) ?? null,
      withinMs,
    )
  }

  close(): void {
    this.#source.close()
  }
}

const clientOf = (eventId: string, visitor: Visitor): StandardClient =>
  new StandardClient(`${usher.url}/api/v1/events/${eventId}/queue/stream`, visitor)

describe.concurrent('a standard EventSource', () => {
  it('hears the position, the status, the promotion and the end, each with an id', async () => {
    const [ahead, visitor] = await Promise.all([api.visitor(), api.visitor()])
    const eventId = await paused([ahead, visitor])
    const client = clientOf(eventId, visitor)
    await client.next('position', ({ position }) => position === 2)
    await api.leave(eventId, ahead)
    await client.next('position', ({ position }) => position === 1)
    await act(eventId, 'resume')
    await client.next('status', ({ status }) => status === 'open')
    const { data } = await client.next('promotion')
    expect((await api.redeem(data.entryToken, 's')).status).toBe(200)
    await api.release(data.admissionId)
    await client.next('end', ({ reason }) => reason === 'completed')
    for (const { id } of client.heard) expect(id).toMatch(/\S/)
    expect(client.resumedFrom).toEqual([null])
  })

  it('works at the broker address, where it joins', async () => {
    const eventId = await api.event()
    const visitor = await api.visitor()
    const client = new StandardClient(`${usher.url}/api/v1/broker/events/${eventId}/tickets/waiting`, visitor)
    const { data } = await client.next('promotion')
    expect((await api.place(eventId, visitor)).body.entryToken).toBe(data.entryToken)
    client.close()
  })
})

describe('a server that is killed', () => {
  it('INV-9: reconnecting clients keep place and token, hear the same again, and are admitted after', async () => {
    const [admitted, first, second] = await Promise.all([api.visitor(), api.visitor(), api.visitor()])
    const room = await inside(admitted, { capacity: 1 })
    room.stream.close()
    const { eventId } = room
    for (const visitor of [first, second]) await api.join(eventId, visitor)
    const [insider, ...waiting] = [admitted, first, second].map((visitor) => clientOf(eventId, visitor))
    if (insider === undefined) throw new Error('nobody')
    await insider.next('promotion')
    for (const [index, client] of waiting.entries()) {
      await client.next('position', ({ position }) => position === index + 1)
    }
    const heardBefore = [insider, ...waiting].map(({ heard }) => heard.length)

    const pid = usher.runtime.workerdPid()
    if (pid === null) throw new Error('no workerd')
    process.kill(pid, 'SIGKILL')

    const heardSince = (index: number, name: string) => {
      const heard = [insider, ...waiting][index]?.heard.slice(heardBefore[index]) ?? []
      return heard.find(({ event }) => event === name) ?? null
    }
    const again = await eventually(() => heardSince(0, 'promotion'), 20_000)
    expect([again.data.entryToken, again.data.admissionId]).toEqual([
      room.promotion.entryToken,
      room.promotion.admissionId,
    ])
    expect((await eventually(() => heardSince(1, 'position'), 10_000)).data.position).toBe(1)
    expect((await eventually(() => heardSince(2, 'position'), 10_000)).data.position).toBe(2)
    for (const { resumedFrom } of [insider, ...waiting]) {
      expect(resumedFrom[0]).toBe(null)
      expect(resumedFrom.at(-1)).toMatch(/\S/)
    }

    await api.release(room.promotion.admissionId)
    const { data } = await eventually(() => heardSince(1, 'promotion'))
    await api.release(data.admissionId)
    await eventually(() => heardSince(2, 'promotion'))
    for (const client of [insider, ...waiting]) client.close()
  })

  it('has forgotten nothing: the places say the same as before', async () => {
    const visitors = await api.visitors(3)
    const eventId = await paused(visitors)
    const before = await Promise.all(visitors.map((visitor) => api.place(eventId, visitor)))
    const pid = usher.runtime.workerdPid()
    if (pid === null) throw new Error('no workerd')
    process.kill(pid, 'SIGKILL')
    const after = await eventually(async () => {
      try {
        return await Promise.all(visitors.map((visitor) => api.place(eventId, visitor)))
      } catch {
        // Nobody listens yet.
        return null
      }
    }, 20_000)
    expect(after.map(({ body }) => body)).toEqual(before.map(({ body }) => body))
  })
})
