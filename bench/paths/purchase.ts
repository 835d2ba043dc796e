/**
 * Buying: session, entry token, charge, hold, pay, each visitor after the other's pattern, beside a route that does nothing.
 *
 * Open loop in steps: each step of each visitor is due at its time, whatever became of the others; one that has to wait for
 * what the step before it answers is late, and its latency says so.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { requestBytes } from '../client/http-lane.ts'
import { OpenLoop } from '../client/open-loop.ts'
import { UsherClient } from '../client/usher-client.ts'
import { Latencies } from '../measure/latency.ts'
import { ratioSpread, spreadOf } from '../measure/spread.ts'
import type { Row, Target } from '../row.ts'
import type { Subject } from '../runtime/subject.ts'
import { withSubjects, type BenchPath, type World } from '../world.ts'

const STEPS = ['session', 'queue token', 'charge', 'reserve', 'pay'] as const
type Step = (typeof STEPS)[number]
type Timed = Step | 'no-op'

/** Of all five steps together; the no-op and the polls for the entry token come on top. */
const LOADS = [
  // What the original was measured with: 50 users, about 100 requests a second.
  { perSecond: 100, target: { of: 'ratio', kind: 'at most', limit: 5 } },
  { perSecond: 900, target: { of: 'value', kind: 'at most', limit: 100 } },
] as const satisfies readonly { readonly perSecond: number; readonly target: Target }[]
type BenchLoad = (typeof LOADS)[number]

/** Those that have a target: they are what the purchase service does. */
const PURCHASES: readonly Step[] = ['charge', 'reserve', 'pay']

/** Between two steps of one visitor. */
const THINKING_MS = 400
const POLL_MS = 25
const ADMITTED_WITHIN_MS = 20_000
const ROUND_SECONDS = 8
const QUICK_ROUND_SECONDS = 3
const WARM_UP_SECONDS = 3
const EVENT = 'hall'
const PRICE = 4_500
const SEATS_PER_ROW = 100
/** A route of the same Worker that asks nobody and answers a constant. */
const NO_OP = requestBytes('GET', '/.well-known/jwks.json')

export const purchasePath: BenchPath = { name: 'purchase', run: (world) => run(world) }

async function run(world: World): Promise<Row[]> {
  const seconds = world.options.quick ? QUICK_ROUND_SECONDS : ROUND_SECONDS
  return withSubjects(world, ['usher'], async (subject) => {
    if (subject === undefined) throw new Error('nothing was started')
    const hall = await Hall.open(subject, world, seconds)
    const rows: Row[] = []
    for (const load of LOADS) rows.push(...(await measure(hall, load, seconds, world)))
    await world.profiles.take('purchase', subject, () => hall.round(LOADS[1].perSecond, WARM_UP_SECONDS))
    hall.close()
    return rows
  })
}

async function measure(hall: Hall, load: BenchLoad, seconds: number, world: World): Promise<Row[]> {
  const { rounds } = world.options
  const found = new Map<Timed, { all: Latencies; p95Ms: number[] }>()
  await hall.round(load.perSecond, WARM_UP_SECONDS)
  for (let round = 1; round <= rounds; round += 1) {
    for (const [step, latencies] of await hall.round(load.perSecond, seconds)) {
      const sofar = found.get(step) ?? { all: new Latencies(), p95Ms: [] }
      sofar.all.add(latencies)
      sofar.p95Ms.push(latencies.summary()?.p95Ms ?? 0)
      found.set(step, sofar)
    }
    const said = found.get('reserve')?.p95Ms.at(-1)?.toFixed(1)
    world.say(`purchase: ${load.perSecond} a second, round ${round} of ${rounds}, reserve p95 ${said} ms`)
  }
  const noOp = found.get('no-op')
  if (noOp === undefined) throw new Error('the no-op was not measured')
  return STEPS.flatMap((step): Row[] => {
    const mine = found.get(step)
    if (mine === undefined) return []
    return [
      {
        path: 'purchase',
        series: `${step}, ${load.perSecond} a second`,
        what: `${step}, ${load.perSecond} requests a second in all; p95 of a round`,
        place: 'production',
        unit: 'ms',
        usher: spreadOf(mine.p95Ms),
        usherLatency: mine.all.summary(),
        floor: {
          what: 'a route that does nothing, in the same seconds',
          value: spreadOf(noOp.p95Ms),
          latency: step === 'session' ? noOp.all.summary() : null,
        },
        ratio: ratioSpread(mine.p95Ms, noOp.p95Ms),
        ...(PURCHASES.includes(step) && { target: load.target }),
        ...(step === 'session' && load === LOADS[0] && { notes: [ORIGINAL] }),
      },
    ]
  })
}

const ORIGINAL =
  'the original, 50 users, p50/p95 in ms: queue token 6.2/24.1, charge 24.4/143.4, reserve 42.9/326.9, pay 6.5/33.0'

class Hall {
  readonly #loop: OpenLoop
  readonly #seatIds: IterableIterator<string>

  private constructor(loop: OpenLoop, seatIds: IterableIterator<string>) {
    this.#loop = loop
    this.#seatIds = seatIds
  }

  /** With a seat, and room inside, for everybody who will come. */
  static async open({ url }: Subject, { backend, options }: World, roundSeconds: number): Promise<Hall> {
    const perStep = LOADS.map(({ perSecond }) => perSecond / STEPS.length)
    const seconds = options.rounds * roundSeconds + 2 * WARM_UP_SECONDS
    const visitors = Math.ceil(perStep.reduce((sum, each) => sum + each * seconds, 0))
    const rows = Math.ceil(visitors / SEATS_PER_ROW)
    const client = new UsherClient(url, backend.variables)
    await client.event(EVENT, { capacity: visitors + 1_000 })
    const sections = [{ name: 'A', rows, seatsPerRow: SEATS_PER_ROW, price: PRICE }]
    await client.operator('PUT', `events/${EVENT}/seats`, { sections })
    const seatIds = Array.from(
      { length: rows * SEATS_PER_ROW },
      (_, index) => `A-${1 + Math.floor(index / SEATS_PER_ROW)}-${1 + (index % SEATS_PER_ROW)}`,
    )
    return new Hall(await OpenLoop.open(url), seatIds.values())
  }

  /** @param perSecond requests of all steps together */
  async round(perSecond: number, seconds: number): Promise<Map<Timed, Latencies>> {
    await this.#loop.reconnect()
    const found = new Map<Timed, Latencies>()
    const record = (step: Timed, ms: number): void => {
      const latencies = found.get(step) ?? new Latencies()
      latencies.record(ms)
      found.set(step, latencies)
    }
    const visitorsPerSecond = perSecond / STEPS.length
    const startMs = performance.now() + 20
    const visits: Promise<void>[] = []
    for (let index = 0; index < visitorsPerSecond * seconds; index += 1) {
      const arrivesAtMs = startMs + (index * 1_000) / visitorsPerSecond
      await until(arrivesAtMs)
      visits.push(this.#visit(arrivesAtMs, record))
    }
    await Promise.all(visits)
    return found
  }

  close(): void {
    this.#loop.close()
  }

  async #visit(arrivesAtMs: number, record: (step: Timed, ms: number) => void): Promise<void> {
    let dueAtMs = arrivesAtMs
    const step = async <T>(name: Step, work: () => Promise<T>): Promise<T> => {
      await until(dueAtMs)
      const done = await work()
      record(name, performance.now() - dueAtMs)
      dueAtMs += THINKING_MS
      return done
    }
    const seatId: unknown = this.#seatIds.next().value
    const noOp = this.#noOp(arrivesAtMs + THINKING_MS / 2, record)
    const event = `/api/v1/events/${EVENT}`
    const { token } = await step('session', () => this.#post('/api/v1/sessions', { body: {} }, 201))
    const visitor = { token: String(token) }
    const entryToken = await step('queue token', () => this.#enter(`${event}/queue`, visitor))
    const inside = { ...visitor, headers: { 'Entry-Token': entryToken } }
    await step('charge', () =>
      this.#post('/api/v1/wallet/charge', { ...visitor, body: { amount: PRICE } }, 200),
    )
    const held = await step('reserve', () =>
      this.#post(`${event}/reservations`, { ...inside, body: { seatIds: [seatId] } }, 201),
    )
    const payment = `${event}/reservations/${String(held['reservationId'])}/payment`
    await step('pay', () => this.#post(payment, { ...inside, body: { method: 'wallet' } }, 200))
    await noOp
  }

  async #noOp(dueAtMs: number, record: (step: Timed, ms: number) => void): Promise<void> {
    await until(dueAtMs)
    await this.#ask(NO_OP, 200)
    record('no-op', performance.now() - dueAtMs)
  }

  /** From the wish to join to the entry token. */
  async #enter(path: string, visitor: { readonly token: string }): Promise<string> {
    let place = await this.#post(path, { ...visitor }, 201)
    const deadlineMs = performance.now() + ADMITTED_WITHIN_MS
    while (typeof place['entryToken'] !== 'string') {
      if (performance.now() > deadlineMs) throw new Error('a visitor was not admitted')
      await sleep(POLL_MS)
      place = await this.#ask(requestBytes('GET', path, visitor), 200)
    }
    return place['entryToken']
  }

  #post(
    path: string,
    sent: { token?: string; headers?: Readonly<Record<string, string>>; body?: object },
    expected: number,
  ): Promise<Record<string, unknown>> {
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

async function until(dueAtMs: number): Promise<void> {
  const aheadMs = dueAtMs - performance.now()
  if (aheadMs > 0.5) await sleep(aheadMs)
}
