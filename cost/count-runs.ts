/** The runs that are counted: each does one thing many times, alone, so that what it cost can be divided by it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { forEach, until, type CountClient } from './count-client.ts'
import type { CountedUsher, Counts } from './counted-usher.ts'
import type { Operation, OperationName, Operations } from './operations.ts'

/** After the last call of a run: what follows an answer (a script call, its confirmation) is over by then. */
const SETTLE_MS = 1_500
const MANY = 1_000
const SOME = 200
const WATCHED_SECONDS = 20
const CRON_RUNS = 5
/** Between two releases: about as many a second as a shop with a few hundred inside. */
const RELEASE_EVERY_MS = 20
const WITHIN_MS = 20_000

type Act = () => Promise<unknown>

export class CountRuns {
  readonly #usher: CountedUsher
  readonly #client: CountClient
  readonly #report: (name: OperationName, operation: Operation) => void
  readonly #made = new Map<OperationName, Operation>()

  constructor(
    usher: CountedUsher,
    client: CountClient,
    report: (name: OperationName, operation: Operation) => void,
  ) {
    this.#usher = usher
    this.#client = client
    this.#report = report
  }

  /** All runs. Takes about two minutes. @throws Error when anything does not go as it should. */
  async all(): Promise<Operations> {
    await this.#warmUp()
    await this.#shop()
    await this.#line()
    await this.#batch()
    return Object.fromEntries(this.#made) as Operations
  }

  /** The first call of a script sends it along, and the first event makes tables: neither belongs to a visitor. */
  async #warmUp(): Promise<void> {
    const client = this.#client
    const eventId = await client.event({ capacity: 1 })
    const [first = '', second = ''] = await this.#visitors(2)
    await client.join(eventId, first)
    await client.join(eventId, second)
    const { admissionId, entryToken } = await this.#admitted(eventId, first)
    await client.shop('redeem', { token: entryToken, sessionId: 'warm' })
    await client.shop(`${admissionId}/renew`, {})
    await sleep(SETTLE_MS)
    await this.#usher.runCron()
    await client.shop(`${admissionId}/release`, { outcome: 'completed' })
    await this.#admitted(eventId, second)
    await client.leave(eventId, second)
    await sleep(SETTLE_MS)
    await client.operator('POST', `${eventId}/close`, {})
    await client.operator('DELETE', eventId)
  }

  /** One event, the only one, with a full shop and people waiting. */
  async #shop(): Promise<void> {
    const client = this.#client
    const eventId = await client.event({ capacity: SOME })
    await this.#count('pageLoad', 'page loaded with its files, by a browser that has no cookie', 20, () =>
      forEach(times(20), () => this.#loadPage(eventId)),
    )
    let sessions: string[] = []
    await this.#count('session', 'session started', MANY, async () => {
      sessions = await this.#visitors(MANY)
    })
    const inside = sessions.slice(0, SOME)
    const line = sessions.slice(SOME, 3 * SOME)
    await forEach(inside, (token) => client.join(eventId, token))
    const admissions = await forEach(inside, (token) => this.#admitted(eventId, token))
    await forEach(line, (token) => client.join(eventId, token))
    await sleep(SETTLE_MS)
    await this.#count('redeem', 'entry token redeemed', SOME, () =>
      forEach(admissions, ({ admissionId, entryToken }) =>
        client.shop('redeem', { token: entryToken, sessionId: admissionId }),
      ),
    )
    await this.#count('renew', 'lease renewed', SOME, () =>
      forEach(admissions, ({ admissionId }) => client.shop(`${admissionId}/renew`, {})),
    )
    await this.#count('cronMinute', `cron run with one event and ${SOME} inside`, CRON_RUNS, async () => {
      for (let run = 0; run < CRON_RUNS; run += 1) await this.#usher.runCron()
    })
    await this.#count('turnover', 'admission released, and the next visitor admitted', SOME, async () => {
      for (const { admissionId } of admissions) {
        await client.shop(`${admissionId}/release`, { outcome: 'completed' })
        await sleep(RELEASE_EVERY_MS)
      }
    })
    await forEach(line.slice(0, SOME), (token) => this.#admitted(eventId, token))
    await this.#count('leave', 'visitor who left the line', SOME, () =>
      forEach(line.slice(SOME), (token) => client.leave(eventId, token)),
    )
  }

  /** A full event where nobody gets in: what waiting costs. */
  async #line(): Promise<void> {
    const client = this.#client
    const eventId = await client.event({ capacity: 1 })
    const [inside = '', ...line] = await this.#visitors(MANY + 1)
    await client.join(eventId, inside)
    await this.#admitted(eventId, inside)
    await this.#count('join', 'visitor who joined the line', MANY, () =>
      forEach(line, (token) => client.join(eventId, token)),
    )
    await this.#count('tick', 'second of an event in which people wait', WATCHED_SECONDS, () =>
      sleep(WATCHED_SECONDS * 1_000 - SETTLE_MS),
    )
    await this.#count('poll', 'poll of a place', MANY, () =>
      forEach(line, (token) => client.poll(eventId, token)),
    )
    await this.#count('pollStatus', 'poll of the state of the event', MANY, () =>
      forEach(line, () => client.status(eventId)),
    )
    await this.#streams(eventId, line.slice(-SOME), line.slice(0, WATCHED_SECONDS))
  }

  async #streams(eventId: string, listeners: readonly string[], leavers: readonly string[]): Promise<void> {
    const client = this.#client
    const streamSeconds = WATCHED_SECONDS * SOME
    let closers: (() => void)[] = []
    await this.#count('streamOpen', 'stream opened', SOME, async () => {
      closers = await forEach(listeners, (token) => client.stream(eventId, token))
    })
    await this.#count('streamSecondQuiet', 'second of a stream, nobody moving', streamSeconds, () =>
      sleep(WATCHED_SECONDS * 1_000 - SETTLE_MS),
    )
    await this.#count(
      'streamSecondMoving',
      'second of a stream, its position changing',
      streamSeconds,
      async () => {
        for (const token of leavers) {
          await client.leave(eventId, token)
          await sleep(1_000 - SETTLE_MS / WATCHED_SECONDS)
        }
      },
    )
    for (const close of closers) close()
    // The line notices closed connections when it writes to them.
    await sleep(7_000)
    await this.#count('streamReopen', 'stream opened again after it was lost', SOME, async () => {
      closers = await forEach(listeners, (token) => client.stream(eventId, token))
    })
    for (const close of closers) close()
  }

  /** The opening: a thousand go in at once. */
  async #batch(): Promise<void> {
    const client = this.#client
    const eventId = await client.event({ capacity: MANY, status: 'paused' })
    // The pool's first use tells its generation, which belongs to the event.
    const [first = '', ...visitors] = await this.#visitors(MANY + 1)
    await client.join(eventId, first)
    await client.operator('POST', `${eventId}/resume`, {})
    await this.#admitted(eventId, first)
    await client.operator('POST', `${eventId}/pause`, {})
    await client.leave(eventId, first)
    await forEach(visitors, (token) => client.join(eventId, token))
    await sleep(SETTLE_MS)
    await this.#count(
      'admitOneBatch',
      'visitor admitted in one batch of all, by one resume',
      MANY,
      async () => {
        await client.operator('POST', `${eventId}/resume`, {})
        await sleep(2 * SETTLE_MS)
      },
    )
    const { admitted } = JSON.parse((await client.status(eventId)).text) as { admitted: number }
    if (admitted !== MANY) throw new Error(`${admitted} of ${MANY} were admitted`)
  }

  async #loadPage(eventId: string): Promise<void> {
    const { text } = await this.#client.send('GET', `/wait/${eventId}`)
    const files = [...text.matchAll(/(?:src|href)="(\/[^"]+\.\w+)"/g)].map(([, path]) => path ?? '')
    await forEach([...new Set(files)], (path) => this.#client.send('GET', path))
    // The page asks for its place first, and learns that it needs a session.
    await this.#client.send('GET', `/api/v1/events/${eventId}/queue`)
  }

  #visitors(count: number): Promise<string[]> {
    return forEach(times(count), () => this.#client.session())
  }

  async #admitted(eventId: string, token: string): Promise<{ admissionId: string; entryToken: string }> {
    let place = { state: '', admissionId: '', entryToken: '' }
    await until(async () => {
      place = JSON.parse((await this.#client.poll(eventId, token)).text) as typeof place
      return place.state === 'ADMITTED'
    }, WITHIN_MS)
    return place
  }

  async #count(name: OperationName, unit: string, count: number, act: Act): Promise<void> {
    const { bytesIn, streamMessages } = this.#client
    const before = await this.#usher.counts()
    await act()
    await sleep(SETTLE_MS)
    const after = await this.#usher.counts()
    const operation: Operation = {
      unit,
      count,
      ...difference(after, before),
      streamMessages: this.#client.streamMessages - streamMessages,
      bytesOut: this.#client.bytesIn - bytesIn,
    }
    this.#made.set(name, operation)
    this.#report(name, operation)
  }
}

function difference(after: Counts, before: Counts): Counts {
  const names = Object.keys(before) as (keyof Counts)[]
  return Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as Counts
}

function times(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
