/** A visitor's client in a world of its own: its server, its streams and its time are the test's. */
import { createClient, type Clock, type Place, type Visit } from '../../../src/client/client.ts'
import type { Progress } from '../../../src/client/position-bound.ts'

export const PLACE: Place = {
  eventId: 'demo',
  userId: 'ann',
  state: 'WAITING',
  position: 40,
  totalWaiting: 100,
  etaSeconds: null,
  pollAfterMs: 5_000,
  joinedAt: '2026-03-01T10:00:00.000Z',
  joinNumber: 7,
  number: 140,
  admissionId: null,
  entryToken: null,
  entryTokenExpiresAt: null,
  leaseExpiresAt: null,
}

export const PROGRESS: Progress = {
  eventId: 'demo',
  status: 'open',
  holding: false,
  waiting: 80,
  nowServing: 100,
  pacePerMinute: { low: 30, high: 60 },
  steps: [[140, 30]],
  updatedAt: '2026-03-01T10:00:00.000Z',
}

export function problem(status: number, code: string, headers: Record<string, string> = {}): Response {
  return Response.json({ code }, { status, headers })
}

class FakeClock implements Clock {
  #nowMs = 1_000_000
  #timers: { atMs: number; act: () => void }[] = []

  nowMs(): number {
    return this.#nowMs
  }

  after(ms: number, act: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, act }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Runs what is due on the way, and lets answers arrive in between. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      await settle()
      const [next] = this.#timers.toSorted((a, b) => a.atMs - b.atMs)
      if (next === undefined || next.atMs > untilMs) break
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.act()
    }
    this.#nowMs = untilMs
  }

  /** Time passes and no timer runs: the machine sleeps, or the page is frozen. */
  sleep(ms: number): void {
    this.#nowMs += ms
  }
}

export class FakeStream {
  static opened: FakeStream[] = []
  readyState = 0
  readonly url: string
  readonly #listeners = new Map<string, (event: { data?: unknown }) => void>()

  constructor(url: string) {
    this.url = url
    FakeStream.opened.push(this)
  }

  addEventListener(type: string, listener: (event: { data?: unknown }) => void): void {
    this.#listeners.set(type, listener)
  }

  close(): void {
    this.readyState = 2
  }

  say(type: string, data: object, timestamp = 0): void {
    this.readyState = 1
    this.#listeners.get(type)?.({ data: JSON.stringify({ timestamp, ...data }) })
  }

  /** Broken: an EventSource comes back by itself. Refused: it does not. */
  fail(how: 'broken' | 'refused'): void {
    this.readyState = how === 'broken' ? 0 : 2
    this.#listeners.get('error')?.({})
  }
}

/** A visitor who follows `place`; `answer` is what the server says to each request, by `GET /queue` and the like. */
export function createWorld(place: Place = PLACE) {
  FakeStream.opened = []
  const clock = new FakeClock()
  const asked: string[] = []
  const visits: Visit[] = []
  const world = {
    clock,
    asked,
    visits,
    answer: async (request: string): Promise<Response> =>
      Response.json(request === 'GET /progress' ? PROGRESS : PLACE),
    get visit(): Visit {
      const latest = visits.at(-1)
      if (latest === undefined) throw new Error('nothing was told yet')
      return latest
    },
    get stream(): FakeStream {
      const latest = FakeStream.opened.at(-1)
      if (latest === undefined) throw new Error('no stream was opened')
      return latest
    },
    get streams(): number {
      return FakeStream.opened.length
    },
    /** What was asked since the last time. */
    news(): string[] {
      return asked.splice(0)
    },
    client: createClient({
      eventId: 'demo',
      EventSource: FakeStream,
      clock,
      random: () => 0.5,
      fetch: async (input, init): Promise<Response> => {
        const request = `${init?.method ?? 'GET'} ${String(input).replace('/api/v1/events/demo', '')}`
        asked.push(request)
        return world.answer(request)
      },
    }),
  }
  const following = world.client.follow(place, (visit) => visits.push(visit))
  return Object.assign(world, { following })
}

export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve()
  await new Promise((resolve) => setImmediate(resolve))
}
