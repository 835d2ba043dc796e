/** The stream as a client has it that knows nothing of us but the standard, also when the server is killed. */
import { EventSource } from 'eventsource'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openedInside, pausedEvent } from '../support/streams.ts'
import { eventually, startTestUsher, type Api, type TestUsher, type Visitor } from '../support/usher.ts'

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

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
    const eventId = await pausedEvent(api, [ahead, visitor])
    const client = clientOf(eventId, visitor)
    await client.next('position', ({ position }) => position === 2)
    await api.leave(eventId, ahead)
    await client.next('position', ({ position }) => position === 1)
    await api.act(eventId, 'resume')
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
    const room = await openedInside(api, admitted, { capacity: 1 })
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
    const eventId = await pausedEvent(api, visitors)
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
