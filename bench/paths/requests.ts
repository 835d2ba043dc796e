/** The paths that are one request each: how much CPU of the runtime an answer costs at a given rate. */
import { requestBytes } from '../client/http-lane.ts'
import { OpenLoop } from '../client/open-loop.ts'
import { UsherClient } from '../client/usher-client.ts'
import { Latencies } from '../measure/latency.ts'
import { orderOfRound, ratioSpread, spreadOf } from '../measure/spread.ts'
import type { Row, Target } from '../row.ts'
import type { Subject } from '../runtime/subject.ts'
import { withSubjects, type BenchPath, type World } from '../world.ts'

/** Both sides get the same rate: a request costs several times more on an idle loop than on a busy one. */
type Plan = {
  readonly path: string
  readonly what: string
  readonly floorWhat: string
  readonly perSecond: number
  readonly operations: number
  readonly target: Target
  readonly expected: { readonly usher: number; readonly floor: number }
  /** The requests of each round, the warm-up first. */
  readonly usherRequests: (usher: Subject, world: World, rounds: number) => Promise<Buffer[][]>
  readonly floorRequest: (operation: number) => Buffer
}

class Side {
  readonly cpuUs: number[] = []
  readonly latencies = new Latencies()
  readonly #subject: Subject
  readonly #loop: OpenLoop
  readonly #load: { readonly perSecond: number; readonly expectedStatus: number }

  constructor(subject: Subject, loop: OpenLoop, load: Side['load']) {
    this.#subject = subject
    this.#loop = loop
    this.#load = load
  }

  get load(): { readonly perSecond: number; readonly expectedStatus: number } {
    return this.#load
  }

  async warm(requests: readonly Buffer[]): Promise<void> {
    await this.#loop.reconnect()
    await this.#loop.run({ ...this.#load, requests })
  }

  async measure(requests: readonly Buffer[]): Promise<void> {
    await this.#loop.reconnect()
    const beforeMs = this.#subject.cpuMs()
    const { operations, latencies } = await this.#loop.run({ ...this.#load, requests })
    this.cpuUs.push(((this.#subject.cpuMs() - beforeMs) * 1_000) / operations)
    this.latencies.add(latencies)
  }

  close(): void {
    this.#loop.close()
  }
}

function requestPath(plan: Plan): BenchPath {
  return { name: plan.path, run: (world) => runPlan(plan, world) }
}

async function runPlan(plan: Plan, world: World): Promise<Row[]> {
  const { rounds, quick } = world.options
  const operations = quick ? Math.ceil(plan.operations / 4) : plan.operations
  const sized = { ...plan, operations }
  return withSubjects(world, ['usher', 'floor'], async (usherSubject, floorSubject) => {
    if (usherSubject === undefined || floorSubject === undefined) throw new Error('nothing was started')
    const requests = await sized.usherRequests(usherSubject, world, rounds + 2)
    const floorRequests = requests.map((round, index) =>
      round.map((_, operation) => sized.floorRequest(index * operations + operation)),
    )
    const { perSecond } = plan
    const usher = await openSide(usherSubject, perSecond, plan.expected.usher)
    const floor = await openSide(floorSubject, perSecond, plan.expected.floor)
    await usher.warm(requests[0] ?? [])
    await floor.warm(floorRequests[0] ?? [])
    for (let round = 1; round <= rounds; round += 1) {
      for (const side of orderOfRound(round, usher, floor)) {
        await side.measure((side === usher ? requests : floorRequests)[round] ?? [])
      }
      world.say(`${plan.path}: round ${round} of ${rounds}, ${usher.cpuUs.at(-1)?.toFixed(0)} us`)
    }
    await world.profiles.take(plan.path, usherSubject, () => usher.warm(requests.at(-1) ?? []))
    usher.close()
    floor.close()
    return [rowOf(plan, usher, floor)]
  })
}

async function openSide(subject: Subject, perSecond: number, expectedStatus: number): Promise<Side> {
  return new Side(subject, await OpenLoop.open(subject.url), { perSecond, expectedStatus })
}

function rowOf(plan: Plan, usher: Side, floor: Side): Row {
  return {
    path: plan.path,
    what: plan.what,
    place: 'production',
    unit: 'us CPU',
    usher: spreadOf(usher.cpuUs),
    usherLatency: usher.latencies.summary(),
    floor: {
      what: plan.floorWhat,
      value: spreadOf(floor.cpuUs),
      latency: floor.latencies.summary(),
    },
    ratio: ratioSpread(usher.cpuUs, floor.cpuUs),
    target: plan.target,
    notes: [`${plan.perSecond} requests a second, open loop`],
  }
}

const EVENT = 'bench'
const QUEUE = `/api/v1/events/${EVENT}/queue`

export const joinPath = requestPath({
  path: 'join',
  what: 'join: token checked, place durable',
  floorWhat: 'Worker -> object call with one SQLite insert',
  perSecond: 400,
  operations: 1_600,
  target: { of: 'ratio', kind: 'at most', limit: 2 },
  expected: { usher: 201, floor: 201 },
  usherRequests: async (usher, { backend, options }, rounds) => {
    const client = new UsherClient(usher.url, backend.variables)
    await client.event(EVENT)
    const operations = options.quick ? 400 : 1_600
    const guests = await client.guests(rounds * operations)
    const requests = guests.map(({ token }) => requestBytes('POST', QUEUE, { token }))
    return chunks(requests, operations)
  },
  floorRequest: (operation) => requestBytes('POST', `/insert?id=${guestLikeId(operation)}`),
})

const POLLERS = 1_000

export const pollPath = requestPath({
  path: 'poll',
  what: 'poll: token checked, exact position',
  floorWhat: 'empty Worker -> object call',
  perSecond: 800,
  operations: 3_200,
  target: { of: 'ratio', kind: 'at most', limit: 1.6 },
  expected: { usher: 200, floor: 200 },
  usherRequests: async (usher, { backend, options }, rounds) => {
    const client = new UsherClient(usher.url, backend.variables)
    await client.event(EVENT)
    const guests = await client.guests(POLLERS)
    const joining = await OpenLoop.open(usher.url)
    const joins = guests.map(({ token }) => requestBytes('POST', QUEUE, { token }))
    await joining.run({ perSecond: 500, requests: joins, expectedStatus: 201 })
    joining.close()
    const polls = guests.map(({ token }) => requestBytes('GET', QUEUE, { token }))
    const operations = options.quick ? 800 : 3_200
    const round = Array.from({ length: operations }, (_, index) => polls[index % polls.length] ?? Buffer.of())
    return Array.from({ length: rounds }, () => round)
  },
  floorRequest: (operation) => requestBytes('GET', `/call?id=${guestLikeId(operation % POLLERS)}`),
})

function guestLikeId(index: number): string {
  return `g_${String(index).padStart(22, '0')}`
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
