/** Far more joins at once than a line takes, by clients that come back when they are told to. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestUsher } from '../support/usher.ts'
import { guestTokens, memoryMb, range, type Figures } from './crowd.ts'
import { closeLine, healthyLine, newsDelays, pollDelays, summary } from './healthy.ts'
import { RawClient, requestText, type RawAnswer } from './raw-http.ts'

export type Storm = { readonly joins: number; readonly perSecond: number; readonly withinMs: number }

export type StormResult = {
  readonly figures: Figures
  readonly answers: ReadonlyMap<number, number>
  readonly withoutRetryAfter: number
  readonly inside: number
  readonly waiting: number
  readonly pollsRefused: number
}

/** workerd holds two descriptors for each connection, and may have far fewer than a crowd would need. */
const CONNECTIONS_MAX = 4_500
/** Connections made at once: how fast a listener accepts is not what is being tried. */
const CONNECTING_MAX = 100

/** A slot of 10 ms: what is due in it is sent together, whether or not the server keeps up. */
const SLOT_MS = 10

export async function joinStorm(usher: TestUsher, storm: Storm): Promise<StormResult> {
  const line = await healthyLine(usher, 6, 3)
  const tokens = await guestTokens(usher, storm.joins)
  const before = memoryMb(usher)
  const crowd = new Crowd(usher, line.eventId)
  await crowd.connect(storm.joins)
  const startedAtMs = performance.now()
  const rush = crowd.rush(tokens, storm)
  const [polls, delays] = await Promise.all([pollDelays(line, rush), newsDelays(line)])
  const seconds = (performance.now() - startedAtMs) / 1_000
  const { body } = await usher.api.status(line.eventId)
  closeLine(line)
  const shed = (crowd.answers.get(503) ?? 0) + (crowd.answers.get(429) ?? 0)
  return {
    answers: crowd.answers,
    withoutRetryAfter: crowd.withoutRetryAfter,
    inside: crowd.inside,
    waiting: body.waiting - line.watchers.length,
    pollsRefused: polls.refused,
    figures: {
      joins: storm.joins,
      'offered/s': storm.perSecond,
      'all in after s': Math.round(seconds * 10) / 10,
      shed,
      'broken connections': crowd.broken,
      'in the line': crowd.inside,
      'polls ms': summary(polls.delays),
      'news ms': summary(delays),
      'memory MB': `${before} -> ${memoryMb(usher)}`,
    },
  }
}

export type SlowJoinsResult = {
  readonly figures: Figures
  readonly shed: number
  readonly withoutRetryAfter: number
  readonly inside: number
  readonly joined: number
  readonly pollDelays: readonly number[]
  readonly pollsRefused: number
}

/** Slower than the wait of a `passthrough` join, faster than what counts as no answer. */
const SLOW_REDIS_MS = 1_500

/** Joins that take a second each, as those of a `passthrough` event do while Redis is slow. */
export async function slowJoins(usher: TestUsher, joins: number): Promise<SlowJoinsResult> {
  const { api, runtime } = usher
  const eventId = await api.event({ queueing: 'passthrough', capacity: 100_000 })
  const polling = new RawClient(usher.url)
  const line = { eventId, polling, watchers: await api.visitors(1) }
  for (const visitor of line.watchers) await api.join(eventId, visitor)
  const tokens = await guestTokens(usher, joins)
  const crowd = new Crowd(usher, eventId)
  await crowd.connect(joins)
  runtime.front?.faults.set({ delayMs: SLOW_REDIS_MS })
  const polls = await pollDelays(line, crowd.rush(tokens, { joins, perSecond: joins, withinMs: 60_000 }))
  runtime.front?.faults.clear()
  polling.close()
  const { body } = await api.admin('GET', `events/${eventId}`)
  const shed = crowd.answers.get(503) ?? 0
  return {
    shed,
    withoutRetryAfter: crowd.withoutRetryAfter,
    inside: crowd.inside,
    joined: body.joinedTotal - line.watchers.length,
    pollDelays: polls.delays,
    pollsRefused: polls.refused,
    figures: { joins, shed, 'in the line': crowd.inside, 'polls ms': summary(polls.delays) },
  }
}

class Crowd {
  readonly answers = new Map<number, number>()
  withoutRetryAfter = 0
  inside = 0
  broken = 0
  readonly #usher: TestUsher
  readonly #path: string
  readonly #idle: RawClient[] = []
  readonly #waiting: ((client: RawClient) => void)[] = []
  #connections = 0
  #isOver = false

  constructor(usher: TestUsher, eventId: string) {
    this.#usher = usher
    this.#path = `/api/v1/events/${eventId}/queue`
  }

  async connect(count: number): Promise<void> {
    while (this.#connections < Math.min(count, CONNECTIONS_MAX)) {
      const clients = range(CONNECTING_MAX).map(() => new RawClient(this.#usher.url))
      await Promise.all(clients.map((client) => client.connect()))
      this.#idle.push(...clients)
      this.#connections += clients.length
    }
  }

  /** Open loop: a join is sent when it is due, if there are connections left. */
  async rush(tokens: readonly string[], { perSecond, withinMs }: Storm): Promise<void> {
    const perSlot = Math.ceil((perSecond * SLOT_MS) / 1_000)
    const startedAtMs = performance.now()
    const joins: Promise<void>[] = []
    for (const slot of range(Math.ceil(tokens.length / perSlot))) {
      const dueInMs = startedAtMs + slot * SLOT_MS - performance.now()
      if (dueInMs > 0) await sleep(dueInMs)
      for (const token of tokens.slice(slot * perSlot, (slot + 1) * perSlot)) joins.push(this.#getIn(token))
    }
    const timer = setTimeout(() => (this.#isOver = true), withinMs)
    await Promise.all(joins)
    clearTimeout(timer)
    for (const client of this.#idle) client.close()
  }

  async #getIn(token: string): Promise<void> {
    while (!this.#isOver) {
      const { status, retryAfterSeconds } = await this.#join(token)
      this.answers.set(status, (this.answers.get(status) ?? 0) + 1)
      if (status === 200 || status === 201) {
        this.inside += 1
        return
      }
      if (retryAfterSeconds === 0) this.withoutRetryAfter += 1
      await sleep(Math.max(1, retryAfterSeconds) * 1_000)
    }
  }

  async #join(token: string): Promise<RawAnswer> {
    for (;;) {
      const client = await this.#connection()
      try {
        return await client.ask(requestText('POST', this.#path, token, ['Content-Length: 0']))
      } catch {
        // Not accepted, or closed while it was idle: as any client does, it asks again.
        this.broken += 1
        await sleep(100)
      } finally {
        this.#giveBack(client)
      }
    }
  }

  #connection(): RawClient | Promise<RawClient> {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #giveBack(client: RawClient): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(client)
    else next(client)
  }
}
