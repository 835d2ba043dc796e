/** The steps that the counted runs are made of. */
import { setTimeout as sleep } from 'node:timers/promises'
import { forEach, until, type CountClient } from './count-client.ts'
import type { CountedUsher, Counts } from './counted-usher.ts'
import type { Operation, OperationName, Operations } from './operations.ts'

/** After the last call of a run: what follows an answer (a script call, its confirmation) is over by then. */
export const SETTLE_MS = 1_500
/** Longer than all runs: nobody loses a place by being silent. */
export const GRACE_SECONDS = 600
const WITHIN_MS = 20_000

export type Shopper = { readonly token: string; readonly admissionId: string; readonly entryToken: string }

export class CountSteps {
  readonly usher: CountedUsher
  readonly client: CountClient
  readonly #report: (operation: Operation) => void
  readonly #made = new Map<OperationName, Operation>()

  constructor(usher: CountedUsher, client: CountClient, report: (operation: Operation) => void) {
    this.usher = usher
    this.client = client
    this.#report = report
  }

  /** What has been counted so far. */
  get made(): Partial<Operations> {
    return Object.fromEntries(this.#made)
  }

  /** The first call of a script sends it along, and the first event makes tables: neither belongs to a visitor. */
  async warmUp(): Promise<void> {
    const client = this.client
    const eventId = await client.event({ capacity: 1 })
    const [first = '', second = ''] = await this.visitors(2)
    await client.join(eventId, first)
    await client.join(eventId, second)
    const { admissionId, entryToken } = await this.admitted(eventId, first)
    await client.shop('redeem', { token: entryToken, sessionId: 'warm' })
    await client.shop(`${admissionId}/renew`, {})
    await sleep(SETTLE_MS)
    await this.usher.runCron()
    await client.shop(`${admissionId}/release`, { outcome: 'completed' })
    await this.admitted(eventId, second)
    await client.leave(eventId, second)
    await sleep(SETTLE_MS)
    await client.operator('POST', `${eventId}/close`, {})
    await client.operator('DELETE', eventId)
  }

  /** As a browser does that has never been here. */
  async loadPage(eventId: string): Promise<void> {
    const { text } = await this.client.send('GET', `/wait/${eventId}`)
    const files = [...text.matchAll(/(?:src|href)="(\/[^"]+\.\w+)"/g)].map(([, path]) => path ?? '')
    await forEach([...new Set(files)], (path) => this.client.send('GET', path))
  }

  /** An event with room for one, who is inside, and sessions for those who will wait. */
  async fullEvent(waiting: number): Promise<[eventId: string, line: string[]]> {
    const eventId = await this.client.event({ capacity: 1, disconnectGraceSeconds: GRACE_SECONDS })
    const [inside = '', ...line] = await this.visitors(waiting + 1)
    await this.client.join(eventId, inside)
    await this.admitted(eventId, inside)
    await sleep(SETTLE_MS)
    return [eventId, line]
  }

  /** Its ticks would be counted with the next run's. */
  async close(eventId: string): Promise<void> {
    await this.client.operator('POST', `${eventId}/close`, {})
    await sleep(2 * SETTLE_MS)
  }

  /** Tokens of as many new visitors. */
  visitors(count: number): Promise<string[]> {
    return forEach(times(count), () => this.client.session())
  }

  /** Visitors who are inside an event that has room for all of them. */
  async inside(eventId: string, count: number): Promise<Shopper[]> {
    const tokens = await this.visitors(count)
    await forEach(tokens, (token) => this.client.join(eventId, token))
    return forEach(tokens, async (token) => ({ token, ...(await this.admitted(eventId, token)) }))
  }

  /** Polls until the visitor is inside. */
  async admitted(eventId: string, token: string): Promise<{ admissionId: string; entryToken: string }> {
    let place = { state: '', admissionId: '', entryToken: '' }
    await until(async () => {
      place = JSON.parse((await this.client.poll(eventId, token)).text) as typeof place
      return place.state === 'ADMITTED'
    }, WITHIN_MS)
    return place
  }

  /** Does it, waits until all that follows from it is over, and notes what it took. */
  async count(name: OperationName, unit: string, count: number, act: () => Promise<unknown>): Promise<void> {
    const { bytesIn, streamMessages } = this.client
    const before = await this.usher.counts()
    await act()
    await sleep(SETTLE_MS)
    const after = await this.usher.counts()
    const operation: Operation = {
      unit,
      count,
      ...difference(after, before),
      streamMessages: this.client.streamMessages - streamMessages,
      bytesOut: this.client.bytesIn - bytesIn,
    }
    this.#made.set(name, operation)
    this.#report(operation)
  }
}

function difference(after: Counts, before: Counts): Counts {
  const names = Object.keys(before) as (keyof Counts)[]
  return Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as Counts
}

/** 0 to count - 1. */
export function times(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
