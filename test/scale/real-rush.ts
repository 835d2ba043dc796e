/**
 * Joins on the real runtime, as `npm start` runs it, with and without shards: `npm run test:scale:rush`. All objects
 * share one thread here, so this shows what a join costs, not how far shards reach.
 */
import { cpuMs } from '../../bench/measure/cpu.ts'
import { createGuestTokens } from '../../src/tokens/guest-token.ts'
import { RawClient, requestText } from '../overload/raw-http.ts'
import { startTestUsher, type TestUsher } from '../support/usher.ts'

/** Short of what makes a line ask for shards: 150 a second over 5 seconds. */
const BURST = 700
const BURST_CONNECTIONS = 200
const ROUNDS = 4
const RUSH = 6_000
const RUSH_CONNECTIONS = 500
const CONNECTING_MAX = 100

type Run = {
  readonly joins: number
  readonly perSecond: number
  readonly cpuUsEach: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly faults: number
}

class Crowd {
  readonly #usher: TestUsher
  readonly #clients: RawClient[] = []

  constructor(usher: TestUsher) {
    this.#usher = usher
  }

  async connect(connections: number): Promise<void> {
    while (this.#clients.length < connections) {
      const clients = Array.from({ length: CONNECTING_MAX }, () => new RawClient(this.#usher.url))
      await Promise.all(clients.map((client) => client.connect()))
      this.#clients.push(...clients)
    }
  }

  close(): void {
    for (const client of this.#clients) client.close()
  }

  /** Each connection joins for one visitor after the other, as fast as it is answered. */
  async join(eventId: string, joins: number, connections: number): Promise<Run> {
    const tokens = await this.#tokens(joins)
    const path = `/api/v1/events/${eventId}/queue`
    // The isolate hears how the event is spread.
    await this.#usher.api.join(eventId, await this.#usher.api.visitor())
    const numbers = new Set<number>()
    const waitsMs: number[] = []
    const pid = this.#usher.runtime.workerdPid() ?? 0
    const cpuBeforeMs = cpuMs(pid)
    const startedMs = performance.now()
    const lanes = this.#clients.slice(0, connections).map(async (client) => {
      for (let token = tokens.pop(); token !== undefined; token = tokens.pop()) {
        const askedMs = performance.now()
        const answer = await client.ask(requestText('POST', path, token, ['Content-Length: 0']))
        waitsMs.push(performance.now() - askedMs)
        if (answer.status === 201) numbers.add(numberIn(answer.body))
      }
    })
    await Promise.all(lanes)
    const seconds = (performance.now() - startedMs) / 1_000
    const usedMs = cpuMs(pid) - cpuBeforeMs
    waitsMs.sort((a, b) => a - b)
    return {
      joins,
      perSecond: Math.round(joins / seconds),
      cpuUsEach: Math.round((usedMs / joins) * 1_000),
      p50Ms: Math.round(waitsMs[Math.floor(joins * 0.5)] ?? 0),
      p99Ms: Math.round(waitsMs[Math.floor(joins * 0.99)] ?? 0),
      // The numbers are 2 to joins + 1: no gap, nobody twice.
      faults: joins - [...numbers].filter((number) => number >= 2 && number <= joins + 1).length,
    }
  }

  async #tokens(count: number): Promise<string[]> {
    const tokens = createGuestTokens({
      sessionSecret: this.#usher.runtime.variables['SESSION_SECRET'] ?? '',
      visitorTokenTtlSeconds: 3_600,
    })
    const guests = await Promise.all(Array.from({ length: count }, () => tokens.createGuest(Date.now())))
    return guests.flatMap((guest) => (guest === null ? [] : [guest.token]))
  }
}

function numberIn(body: string): number {
  return Number(/"joinNumber":(\d+)/.exec(body)?.[1] ?? 0)
}

const usher = await startTestUsher()
const crowd = new Crowd(usher)
const config = { capacity: 0, disconnectGraceSeconds: 3_600 }
const event = (expectedPeak: number | null): Promise<string> => usher.api.event({ ...config, expectedPeak })
try {
  await crowd.connect(RUSH_CONNECTIONS)
  await crowd.join(await event(null), BURST, BURST_CONNECTIONS)
  const runs: Record<string, Run> = {}
  for (let round = 1; round <= ROUNDS; round += 1) {
    runs[`${round}: at the line`] = await crowd.join(await event(null), BURST, BURST_CONNECTIONS)
    runs[`${round}: by 4 shards`] = await crowd.join(await event(1_000), BURST, BURST_CONNECTIONS)
  }
  runs['a rush by 4 shards'] = await crowd.join(await event(1_000), RUSH, RUSH_CONNECTIONS)
  runs['a rush by 64 shards'] = await crowd.join(await event(20_000), RUSH, RUSH_CONNECTIONS)
  console.table(runs)
  if (Object.values(runs).some(({ faults }) => faults > 0)) process.exitCode = 1
} finally {
  crowd.close()
  await usher.stop()
}
