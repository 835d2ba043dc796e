/** Streams at real shard objects that follow a real line: what a visitor sees when either of them goes away. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { config } from '../unit/core/fixtures.ts'

let events = 0
let eventId = ''

beforeEach(async () => {
  events += 1
  eventId = `shards-${events}`
  const request = { eventId, mode: 'replace', statusGiven: true, pool: null } as const
  await env.EVENT_LINE.getByName(eventId).configure({ ...request, config: config({ capacity: 0 }) })
})

const line = () => env.EVENT_LINE.getByName(eventId)
const shard = (index: number) => env.STREAM_SHARD.getByName(`${eventId}:${index}`)

/** One client of a stream at a shard or at the line. */
class Listener {
  text = ''
  isOver = false
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>

  private constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader()
    void this.#read()
  }

  static async open(
    holder: { fetch(request: Request): Promise<Response> },
    userId: string,
  ): Promise<Listener> {
    const response = await holder.fetch(new Request(`https://line/stream?userId=${userId}&join=1`))
    if (response.status !== 200 || response.body === null) throw new Error(`refused: ${response.status}`)
    return new Listener(response.body)
  }

  get positions(): number[] {
    return [...this.text.matchAll(/"position":(\d+),/g)].map(([, position]) => Number(position))
  }

  async saw(what: string | RegExp): Promise<void> {
    await until(() => (typeof what === 'string' ? this.text.includes(what) : what.test(this.text)))
  }

  async hangUp(): Promise<void> {
    await this.#reader.cancel()
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder()
    try {
      for (;;) {
        const { value, done } = await this.#reader.read()
        if (done) break
        this.text += decoder.decode(value, { stream: true })
      }
    } catch {
      // Its object went away.
    }
    this.isOver = true
  }
}

async function until(isSo: () => boolean | Promise<boolean>, withinMs = 9_000): Promise<void> {
  const deadlineMs = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error(`did not happen: ${String(isSo)}`)
    await scheduler.wait(20)
  }
}

async function detail(): Promise<{ streams: number; present: number; waiting: number }> {
  const answer = await line().detail()
  if (!answer.ok) throw new Error(answer.error.reason)
  return answer.value
}

async function crash(stub: DurableObjectStub): Promise<void> {
  await runInDurableObject(stub, (_object, state) => state.abort('crashed by the test')).catch(() => null)
}

async function placeOf(userId: string): Promise<{ joinNumber: number; position: number | null }> {
  const found = await line().place(userId)
  if (!found.ok) throw new Error(found.error.reason)
  return { joinNumber: found.value.joinNumber, position: found.value.position }
}

describe('streams at shards', () => {
  it('INV-8: are told as soon as the line ticks, wherever they are, and never a larger position', async () => {
    const first = await Listener.open(line(), 'zoe')
    const ann = await Listener.open(shard(0), 'ann')
    const bob = await Listener.open(shard(1), 'bob')
    await Promise.all([ann.saw('"position":2,'), bob.saw('"position":3,')])
    expect(await detail()).toMatchObject({ streams: 3, present: 3, waiting: 3 })
    await line().leave('zoe')
    await first.saw('"reason":"left"')
    await Promise.all([ann.saw('"position":1,'), bob.saw('"position":2,')])
    expect([ann.positions, bob.positions]).toEqual([
      [2, 1],
      [3, 2],
    ])
    await Promise.all([ann.hangUp(), bob.hangUp()])
  })

  it('INV-4: of one visitor, at a shard, another and the line, only the newest stays', async () => {
    const old: Listener[] = []
    for (const holder of [shard(0), shard(1), line()]) {
      old.push(await Listener.open(holder, 'ann'))
      await old.at(-1)?.saw('"position":1,')
    }
    const newest = await Listener.open(shard(0), 'ann')
    for (const listener of old) await listener.saw('"reason":"replaced"')
    await newest.saw('"position":1,')
    expect(await detail()).toMatchObject({ streams: 1, present: 1, waiting: 1 })
    expect(newest.isOver).toBe(false)
    await newest.hangUp()
  })

  it('that hang up leave their visitors absent, with their places', async () => {
    const ann = await Listener.open(shard(0), 'ann')
    await ann.saw('"position":1,')
    await ann.hangUp()
    await until(async () => (await detail()).present === 0)
    expect(await detail()).toMatchObject({ streams: 0, waiting: 1 })
  })
})

describe('a line that goes away under its shards', () => {
  it('INV-3, INV-9: finds every stream open and every place as it was; no client has to come back', async () => {
    const listeners: Listener[] = []
    for (let visitor = 0; visitor < 60; visitor += 1) {
      listeners.push(await Listener.open(shard(visitor % 3), `user-${visitor}`))
    }
    await until(() => listeners.every(({ positions }) => positions.length > 0))
    const before = await placeOf('user-30')
    await crash(line())
    await until(async () => (await detail()).streams === 60)
    expect(await placeOf('user-30')).toEqual(before)
    expect(await detail()).toMatchObject({ present: 60, waiting: 60 })
    await line().leave('user-0')
    await until(() => listeners.slice(1).every(({ positions }, index) => positions.at(-1) === index + 1))
    expect(listeners.slice(1).filter(({ isOver }) => isOver)).toEqual([])
    await Promise.all(listeners.map((listener) => listener.hangUp()))
  }, 20_000)
})

describe('a shard that goes away', () => {
  it('takes its streams with it and nothing else: who comes back has the same place, who does not is absent', async () => {
    const listeners = await Promise.all(
      ['ann', 'bob', 'cid'].map((userId, index) => Listener.open(shard(index === 2 ? 1 : 0), userId)),
    )
    await until(() => listeners.every(({ positions }) => positions.length > 0))
    const before = await placeOf('ann')
    await crash(shard(0))
    await until(() => listeners.filter(({ isOver }) => isOver).length === 2)
    const back = await Listener.open(shard(0), 'ann')
    await back.saw(`"position":${before.position},`)
    expect(await placeOf('ann')).toEqual(before)
    await until(async () => (await detail()).streams === 2)
    await until(async () => (await detail()).present === 2)
    expect(await detail()).toMatchObject({ waiting: 3, present: 2, streams: 2 })
    expect(listeners[2]?.isOver).toBe(false)
    await back.hangUp()
    await listeners[2]?.hangUp()
  }, 20_000)
})
