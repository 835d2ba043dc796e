/** A shop's two calls, and the moment at which the next in line hears of the slot. */
import { setTimeout as sleep } from 'node:timers/promises'
import { requestBytes } from '../client/http-lane.ts'
import { OpenLoop } from '../client/open-loop.ts'
import { StreamCrowd, streamRequest } from '../client/stream-crowd.ts'
import { UsherClient } from '../client/usher-client.ts'
import { Latencies } from '../measure/latency.ts'
import { orderOfRound, ratioSpread, spreadOf } from '../measure/spread.ts'
import type { Row } from '../row.ts'
import type { Subject } from '../runtime/subject.ts'
import { withSubjects, type BenchPath, type World } from '../world.ts'

const EVENT = 'shop'
const INSIDE = 20
const PER_SECOND = 20
const CHAINS = 100
const QUICK_CHAINS = 40
const HEARD_WITHIN_MS = 20_000
const CONNECTIONS = 16

/** From the moment at which the shop meant to redeem; one chain does not wait for the one before it. */
type Chains = (count: number) => Promise<Latencies>
type Side = { readonly run: Chains; readonly p95Ms: number[]; readonly all: Latencies }

export const redeemPath: BenchPath = { name: 'redeem-release', run: (world) => run(world) }

async function run(world: World): Promise<Row[]> {
  const { rounds, quick } = world.options
  const chains = quick ? QUICK_CHAINS : CHAINS
  return withSubjects(world, ['usher', 'floor'], async (usherSubject, floorSubject) => {
    if (usherSubject === undefined || floorSubject === undefined) throw new Error('nothing was started')
    const shop = await Shop.open(usherSubject, world, INSIDE + (rounds + 2) * chains)
    const usher: Side = { run: (count) => shop.chains(count), p95Ms: [], all: new Latencies() }
    const bare = await floorChains(floorSubject)
    const floor: Side = { run: bare, p95Ms: [], all: new Latencies() }
    for (const side of [usher, floor]) await side.run(chains)
    for (let round = 1; round <= rounds; round += 1) {
      for (const side of orderOfRound(round, usher, floor)) {
        const latencies = await side.run(chains)
        side.all.add(latencies)
        side.p95Ms.push(latencies.summary()?.p95Ms ?? 0)
      }
      world.say(`redeem-release: round ${round} of ${rounds}, p95 ${usher.p95Ms.at(-1)?.toFixed(1)} ms`)
    }
    await world.profiles.take('redeem-release', usherSubject, () => usher.run(chains))
    shop.close()
    return [rowOf(usher, floor)]
  })
}

function rowOf(usher: Side, floor: Side): Row {
  return {
    path: 'redeem-release',
    what: 'redeem, release, until the next in line is told; p95 of a round',
    place: 'production',
    unit: 'ms',
    usher: spreadOf(usher.p95Ms),
    usherLatency: usher.all.summary(),
    floor: {
      what: '2 object calls with a script call each, one after the other',
      value: spreadOf(floor.p95Ms),
      latency: floor.all.summary(),
    },
    ratio: ratioSpread(usher.p95Ms, floor.p95Ms),
    target: { of: 'ratio', kind: 'at most', limit: 3 },
    notes: [`${PER_SECOND} a second, open loop`],
  }
}

type Told = { readonly atMs: number; readonly token: string }

/** A sale with a few inside and a line of streams behind them. */
class Shop {
  readonly #crowd: StreamCrowd
  readonly #loop: OpenLoop
  readonly #key: string
  /** Everybody who was admitted, in the order in which they heard of it. */
  readonly #told: Told[]
  #redeemed = 0

  private constructor(crowd: StreamCrowd, loop: OpenLoop, key: string, told: Told[]) {
    this.#crowd = crowd
    this.#loop = loop
    this.#key = key
    this.#told = told
  }

  static async open(subject: Subject, { backend }: World, visitors: number): Promise<Shop> {
    const client = new UsherClient(subject.url, backend.variables)
    await client.event(EVENT, { capacity: INSIDE })
    const guests = await client.guests(visitors)
    const path = `/api/v1/broker/events/${EVENT}/tickets/waiting`
    const told: Told[] = []
    const crowd = await StreamCrowd.open(
      subject.url,
      guests.map(({ token }) => streamRequest(path, token)),
      (_stream, atMs, text) => told.push({ atMs, token: entryTokenOf(text) }),
    )
    await crowd.until(() => told.length >= INSIDE, HEARD_WITHIN_MS)
    return new Shop(crowd, await OpenLoop.open(subject.url, CONNECTIONS), client.originKey, told)
  }

  async chains(count: number): Promise<Latencies> {
    await this.#loop.reconnect()
    const latencies = new Latencies()
    const before = this.#told.length
    const dueAtMs = await onSchedule(count, () => this.#redeemAndRelease())
    await this.#crowd.until(() => this.#told.length >= before + count, HEARD_WITHIN_MS)
    // The n-th slot that is given back goes to the n-th in line.
    for (const [index, dueMs] of dueAtMs.entries()) {
      latencies.record((this.#told[before + index]?.atMs ?? 0) - dueMs)
    }
    return latencies
  }

  close(): void {
    this.#crowd.close()
    this.#loop.close()
  }

  async #redeemAndRelease(): Promise<void> {
    const token = this.#told[this.#redeemed]?.token
    this.#redeemed += 1
    if (token === undefined) throw new Error('nobody is inside')
    const call = async (path: string, body: object): Promise<Record<string, unknown>> => {
      const request = requestBytes('POST', `/api/v1/admissions/${path}`, { token: this.#key, body })
      return JSON.parse(await ask(this.#loop, request, 200)) as Record<string, unknown>
    }
    const { admissionId } = await call('redeem', { token, sessionId: 'a-session-of-the-shop' })
    await call(`${String(admissionId)}/release`, { outcome: 'completed' })
  }
}

async function floorChains(subject: Subject): Promise<Chains> {
  const loop = await OpenLoop.open(subject.url, CONNECTIONS)
  return async (count) => {
    await loop.reconnect()
    const latencies = new Latencies()
    const doneAtMs: number[] = []
    const dueAtMs = await onSchedule(count, async (chain) => {
      for (const id of ['redeem', 'release']) {
        await ask(loop, requestBytes('POST', `/script?id=${id}-${chain}`), 204)
      }
      doneAtMs[chain] = performance.now()
    })
    for (const [index, dueMs] of dueAtMs.entries()) latencies.record((doneAtMs[index] ?? 0) - dueMs)
    return latencies
  }
}

/** Starts each when it is due, whether or not those before are done. Answers when each was due. */
async function onSchedule(count: number, start: (index: number) => Promise<void>): Promise<number[]> {
  const startMs = performance.now() + 10
  const due = Array.from({ length: count }, (_, index) => startMs + (index * 1_000) / PER_SECOND)
  const pending: Promise<void>[] = []
  for (const [index, dueMs] of due.entries()) {
    await sleep(Math.max(0, dueMs - performance.now()))
    pending.push(start(index))
  }
  await Promise.all(pending)
  return due
}

/** @throws Error for another status. */
async function ask(loop: OpenLoop, request: Buffer, expected: number): Promise<string> {
  const { status, body } = await loop.once(request)
  if (status !== expected) throw new Error(`expected ${expected}, got ${status}: ${body.slice(0, 200)}`)
  return body
}

function entryTokenOf(text: string): string {
  return /"entryToken":"([^"]+)"/.exec(text)?.[1] ?? ''
}
