/**
 * Buying: session, entry token, charge, hold, pay, beside a route that does nothing.
 *
 * Open loop: visitors come at their time, whatever became of those before them, and think between their steps. A step is
 * due when it was meant to be, or when what it needs was answered, if that is later.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { requestBytes } from '../client/http-lane.ts'
import { OpenLoop } from '../client/open-loop.ts'
import { UsherClient } from '../client/usher-client.ts'
import { Latencies } from '../measure/latency.ts'
import { ratioSpread, spreadOf, type Spread } from '../measure/spread.ts'
import type { Row, Target } from '../row.ts'
import type { Subject } from '../runtime/subject.ts'
import { withSubjects, type BenchPath, type World } from '../world.ts'

type Step = 'session' | 'queue token' | 'charge' | 'reserve' | 'pay'
type Timed = Step | 'no-op'
/** Of one round. */
type Found = Map<Timed, Latencies>

type BenchLoad = {
  /** Requests of these steps together; the no-op and the polls for the entry token come on top. */
  readonly perSecond: number
  readonly steps: readonly Step[]
  /** Of what the purchase service does; the other steps are the waiting room's. None at a rate that somebody chose. */
  readonly target?: Target
}

const PURCHASES: readonly Step[] = ['charge', 'reserve', 'pay']
/** What the original was measured with: 50 users, about 100 requests a second. */
const FEW: BenchLoad = {
  perSecond: 100,
  steps: ['session', 'queue token', ...PURCHASES],
  target: { of: 'ratio', kind: 'at most', limit: 5 },
}
/** A line that admits everybody in one second would be none: those who buy have been inside for a while. */
const MANY: BenchLoad = {
  perSecond: 900,
  steps: PURCHASES,
  target: { of: 'value', kind: 'at most', limit: 100 },
}
const ORIGINAL =
  'the original, 50 users, p50/p95 in ms: queue token 6.2/24.1, charge 24.4/143.4, reserve 42.9/326.9, pay 6.5/33.0'

/** Between two steps of one visitor. */
const THINKING_MS = 400
/** The first time; then twice as long each time. */
const POLL_MS = 30
const ADMITTED_WITHIN_MS = 20_000
/** As many as a line takes by itself, without the windows of its shards. */
const JOINS_PER_SECOND = 140
const ROUND_SECONDS = 5
const QUICK_ROUND_SECONDS = 3
const WARM_UP_SECONDS = 3
const EVENT = 'hall'
const QUEUE = `/api/v1/events/${EVENT}/queue`
const RESERVATIONS = `/api/v1/events/${EVENT}/reservations`
const PRICE = 4_500
const SEATS_PER_ROW = 100
/** A route of the same Worker that asks nobody and answers a constant. */
const NO_OP = requestBytes('GET', '/.well-known/jwks.json')

export const purchasePath: BenchPath = { name: 'purchase', run: (world) => run(world) }

async function run(world: World): Promise<Row[]> {
  const { rounds, quick } = world.options
  const seconds = quick ? QUICK_ROUND_SECONDS : ROUND_SECONDS
  const loads = loadsOf(world.options.perSecond)
  return withSubjects(world, ['usher'], async (subject) => {
    if (subject === undefined) throw new Error('nothing was started')
    const hall = await Hall.open(subject, world, loads, rounds * seconds + 2 * WARM_UP_SECONDS)
    const rows: Row[] = []
    for (const load of loads) {
      await hall.round(load, WARM_UP_SECONDS)
      const found: Found[] = []
      const cores: number[] = []
      for (let round = 1; round <= rounds; round += 1) {
        found.push(await hall.round(load, seconds))
        cores.push(hall.cores)
        const p95Ms = found.at(-1)?.get('reserve')?.summary()?.p95Ms.toFixed(1)
        world.say(
          `purchase: ${load.perSecond} a second, round ${round} of ${rounds}, reserve p95 ${p95Ms} ms`,
        )
      }
      rows.push(...load.steps.map((step) => rowOf(step, load, found, spreadOf(cores))))
    }
    const last = loads.at(-1) ?? MANY
    const visitors = await hall.visitors(last, WARM_UP_SECONDS)
    await world.profiles.take('purchase', subject, () => hall.visit(last, visitors))
    hall.close()
    return rows
  })
}

/** @param perSecond null: the rates that the targets are for */
export function loadsOf(perSecond: number | null): readonly BenchLoad[] {
  return perSecond === null ? [FEW, MANY] : [{ perSecond, steps: PURCHASES }]
}

function rowOf(step: Step, load: BenchLoad, rounds: readonly Found[], cores: Spread): Row {
  const [usher, noOp] = [seriesOf(step, rounds), seriesOf('no-op', rounds)]
  return {
    path: 'purchase',
    series: `${step}, ${load.perSecond} a second`,
    what: `${step}, at ${load.perSecond} requests a second; p95 of a round`,
    place: 'production',
    unit: 'ms',
    usher: spreadOf(usher.p95Ms),
    usherLatency: usher.all.summary(),
    floor: {
      what: 'a route that does nothing, in the same seconds',
      value: spreadOf(noOp.p95Ms),
      latency: step === load.steps[0] ? noOp.all.summary() : null,
    },
    ratio: ratioSpread(usher.p95Ms, noOp.p95Ms),
    ...(PURCHASES.includes(step) && load.target !== undefined && { target: load.target }),
    ...(step === load.steps[0] && { notes: notesOf(load, cores) }),
  }
}

function notesOf({ perSecond, steps }: BenchLoad, { median, min, max }: Spread): string[] {
  const [middle, least, most] = [median, min, max].map((cores) => cores.toFixed(2))
  const cpu = `${perSecond} a second: the runtime used ${middle} (${least}..${most}) cores`
  return steps === FEW.steps ? [cpu, ORIGINAL] : [cpu]
}

function seriesOf(step: Timed, rounds: readonly Found[]): { all: Latencies; p95Ms: number[] } {
  const all = new Latencies()
  const p95Ms = rounds.map((found) => {
    const latencies = found.get(step)
    if (latencies !== undefined) all.add(latencies)
    return latencies?.summary()?.p95Ms ?? 0
  })
  return { all, p95Ms }
}

type Buyer = { readonly token: string; readonly entryToken: string }
type Sent = { token?: string; headers?: Readonly<Record<string, string>>; body: object }

/** A sale with a seat, and room inside, for everybody who will come. */
class Hall {
  /** That the runtime used, in the last round. */
  cores = 0
  readonly #subject: Subject
  readonly #client: UsherClient
  readonly #loop: OpenLoop
  readonly #seatIds: Iterator<string>

  private constructor(subject: Subject, client: UsherClient, loop: OpenLoop, seatIds: Iterator<string>) {
    this.#subject = subject
    this.#client = client
    this.#loop = loop
    this.#seatIds = seatIds
  }

  /** @param seconds of each load, in all */
  static async open(
    subject: Subject,
    { backend }: World,
    loads: readonly BenchLoad[],
    seconds: number,
  ): Promise<Hall> {
    const perSecond = loads.reduce((sum, load) => sum + load.perSecond / load.steps.length, 0)
    // The last for the profile.
    const visitors = Math.ceil(perSecond * (seconds + WARM_UP_SECONDS))
    const rows = Math.ceil(visitors / SEATS_PER_ROW)
    const client = new UsherClient(subject.url, backend.variables)
    await client.event(EVENT, { capacity: visitors + 1_000 })
    const sections = [{ name: 'A', rows, seatsPerRow: SEATS_PER_ROW, price: PRICE }]
    await client.operator('PUT', `events/${EVENT}/seats`, { sections })
    const seatIds = Array.from(
      { length: rows * SEATS_PER_ROW },
      (_, index) => `A-${1 + Math.floor(index / SEATS_PER_ROW)}-${1 + (index % SEATS_PER_ROW)}`,
    )
    return new Hall(subject, client, await OpenLoop.open(subject.url), seatIds.values())
  }

  async round(load: BenchLoad, seconds: number): Promise<Found> {
    return this.visit(load, await this.visitors(load, seconds))
  }

  /** Those who come in so many seconds; null for somebody who is not inside yet. */
  async visitors({ perSecond, steps }: BenchLoad, seconds: number): Promise<readonly (Buyer | null)[]> {
    const count = Math.floor((perSecond / steps.length) * seconds)
    if (!steps.includes('session')) return this.#admitted(count)
    return Array.from({ length: count }, () => null)
  }

  async visit({ perSecond, steps }: BenchLoad, visitors: readonly (Buyer | null)[]): Promise<Found> {
    await this.#loop.reconnect()
    const found: Found = new Map()
    const startMs = performance.now() + 20
    const cpuBeforeMs = this.#subject.cpuMs()
    const visits: Promise<void>[] = []
    for (const [index, visitor] of visitors.entries()) {
      const arrivesAtMs = startMs + (index * 1_000 * steps.length) / perSecond
      await until(arrivesAtMs)
      visits.push(this.#visit(arrivesAtMs, found, visitor))
    }
    await Promise.all(visits)
    this.cores = (this.#subject.cpuMs() - cpuBeforeMs) / (performance.now() - startMs)
    return found
  }

  close(): void {
    this.#loop.close()
  }

  /** People who came some time ago. */
  async #admitted(count: number): Promise<Buyer[]> {
    const guests = await this.#client.guests(count)
    const joins = guests.map(({ token }) => requestBytes('POST', QUEUE, { token }))
    await this.#loop.reconnect()
    await this.#loop.run({ perSecond: JOINS_PER_SECOND, requests: joins, expectedStatus: 201 })
    const buyers: Buyer[] = []
    for (const { token } of guests) buyers.push({ token, entryToken: await this.#entryToken(token) })
    return buyers
  }

  /** @param inside null: comes only now */
  async #visit(arrivesAtMs: number, found: Found, inside: Buyer | null): Promise<void> {
    let dueAtMs = arrivesAtMs
    const step = async <T>(name: Step, work: () => Promise<T>): Promise<T> => {
      await until(dueAtMs)
      const done = await work()
      record(found, name, performance.now() - dueAtMs)
      dueAtMs = Math.max(dueAtMs + THINKING_MS, performance.now())
      return done
    }
    const noOp = this.#noOp(arrivesAtMs + THINKING_MS / 2, found)
    const enter = async (): Promise<Buyer> => {
      const session = await step('session', () => this.#post('/api/v1/sessions', { body: {} }, 201))
      const token = String(session['token'])
      return { token, entryToken: await step('queue token', () => this.#enter(token)) }
    }
    const { token, entryToken } = inside ?? (await enter())
    const headers = { 'Entry-Token': entryToken }
    const seatIds = [this.#seatIds.next().value as unknown]
    const charge = { token, body: { amount: PRICE } }
    await step('charge', () => this.#post('/api/v1/wallet/charge', charge, 200))
    const wish = { token, headers, body: { seatIds } }
    const held = await step('reserve', () => this.#post(RESERVATIONS, wish, 201))
    const payment = `${RESERVATIONS}/${String(held['reservationId'])}/payment`
    await step('pay', () => this.#post(payment, { token, headers, body: { method: 'wallet' } }, 200))
    await noOp
  }

  async #noOp(dueAtMs: number, found: Found): Promise<void> {
    await until(dueAtMs)
    await this.#ask(NO_OP, 200)
    record(found, 'no-op', performance.now() - dueAtMs)
  }

  /** From the wish to join to the entry token. */
  async #enter(token: string): Promise<string> {
    await this.#ask(requestBytes('POST', QUEUE, { token }), 201)
    return this.#entryToken(token)
  }

  async #entryToken(token: string): Promise<string> {
    const poll = requestBytes('GET', QUEUE, { token })
    for (let pauseMs = POLL_MS; pauseMs < ADMITTED_WITHIN_MS; pauseMs *= 2) {
      const { entryToken } = await this.#ask(poll, 200)
      if (typeof entryToken === 'string') return entryToken
      await sleep(pauseMs)
    }
    throw new Error('a visitor was not admitted')
  }

  /** As a careful client sends it: with a key, so that it could be repeated. */
  #post(path: string, sent: Sent, expected: number): Promise<Record<string, unknown>> {
    const headers = { ...sent.headers, 'Idempotency-Key': crypto.randomUUID() }
    return this.#ask(requestBytes('POST', path, { ...sent, headers }), expected)
  }

  /** @throws Error for another status. */
  async #ask(request: Buffer, expected: number): Promise<Record<string, unknown>> {
    const { status, body } = await this.#loop.once(request)
    if (status !== expected) throw new Error(`expected ${expected}, got ${status}: ${body.slice(0, 200)}`)
    return JSON.parse(body) as Record<string, unknown>
  }
}

function record(found: Found, step: Timed, ms: number): void {
  const latencies = found.get(step) ?? new Latencies()
  latencies.record(ms)
  found.set(step, latencies)
}

async function until(dueAtMs: number): Promise<void> {
  const aheadMs = dueAtMs - performance.now()
  if (aheadMs > 0.5) await sleep(aheadMs)
}
