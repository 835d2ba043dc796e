/** The two ways to follow a line: an open stream, and polls. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Interval } from '../../src/cli/load/statistics.ts'
import type { SeededRandom } from './random.ts'
import { StreamClient, type StreamFrame } from './stream-client.ts'
import { askPlace, type Identity, type Ticket, type World } from './world.ts'

export type Attention = {
  /** When a stream was open; a poller has none. */
  readonly present: readonly Interval[]
  /** Null when the place ended instead. */
  admitted(): Promise<Ticket | null>
  /** How the place ended, in the words of the stream's end; null when it was not told in time. */
  ended(withinMs: number): Promise<string | null>
  close(): void
}

const REASON_OF: Readonly<Record<string, string>> = {
  COMPLETED: 'completed',
  LEFT: 'left',
  EXPIRED: 'expired',
}

export class PollAttention implements Attention {
  readonly present: readonly Interval[] = []
  readonly #world: World
  readonly #who: Identity
  readonly #random: SeededRandom

  constructor(world: World, who: Identity, random: SeededRandom) {
    this.#world = world
    this.#who = who
    this.#random = random
  }

  async admitted(): Promise<Ticket | null> {
    for (;;) {
      const place = await askPlace(this.#world, this.#who)
      if (place === null || REASON_OF[place.state] !== undefined) return null
      const { admissionId, entryToken, leaseExpiresAt } = place
      if (admissionId !== null && entryToken !== null) {
        const heardAtMs = Date.now()
        return { admissionId, entryToken, heardAtMs, expiresAtMs: Date.parse(leaseExpiresAt) }
      }
      await sleep(this.#world.isClosing ? 300 : this.#random.between(600, 3_000))
    }
  }

  async ended(withinMs: number): Promise<string | null> {
    const deadlineMs = Date.now() + withinMs
    while (Date.now() < deadlineMs) {
      const place = await askPlace(this.#world, this.#who)
      const reason = place === null ? 'nothing' : REASON_OF[place.state]
      if (reason !== undefined) return reason
      await sleep(500)
    }
    return null
  }

  close(): void {}
}

export class StreamAttention implements Attention {
  readonly #world: World
  readonly #who: Identity
  readonly #stream: StreamClient
  readonly #admitted = Promise.withResolvers<Ticket | null>()
  readonly #ended = Promise.withResolvers<string>()

  constructor(world: World, who: Identity) {
    this.#world = world
    this.#who = who
    const name = `the stream of ${who.userId} in ${who.eventId}`
    this.#stream = new StreamClient(`${world.url}/api/v1/events/${who.eventId}/queue/stream`, who.bearer, {
      frame: (frame) => this.#see(frame),
      resumed: (afterMs) => world.recovery.resumedMs.push(afterMs),
      silent: () => world.report('silence', `${name} was open and said nothing`),
      refused: (status) => {
        if (status === 404) world.places.missing(who, 'the stream answered 404')
        else world.report('wrong answer', `${name}: ${status}`)
        this.#finish('nothing')
      },
    })
    this.#stream.open()
  }

  get present(): readonly Interval[] {
    return this.#stream.present
  }

  admitted(): Promise<Ticket | null> {
    return this.#admitted.promise
  }

  ended(withinMs: number): Promise<string | null> {
    return Promise.race([this.#ended.promise, sleep(withinMs, null, { ref: false })])
  }

  close(): void {
    this.#stream.close()
  }

  #see(frame: StreamFrame): void {
    const { timestamp } = frame
    const { places, recovery } = this.#world
    switch (frame.type) {
      case 'QUEUE_POSITION':
        recovery.heard(timestamp)
        if (frame.position)
          places.position(this.#who, frame.position, { fromMs: timestamp, toMs: Date.now() })
        return
      case 'PROMOTED': {
        recovery.heard(timestamp)
        const { admissionId = '', entryToken = '', expiresAt = '' } = frame
        const heardAtMs = Date.now()
        places.promoted(this.#who, admissionId, entryToken, heardAtMs)
        this.#admitted.resolve({ admissionId, entryToken, heardAtMs, expiresAtMs: Date.parse(expiresAt) })
        return
      }
      case 'END':
        return this.#finish(frame.reason ?? '')
      case 'HEARTBEAT':
      case 'EVENT_STATUS':
        return
    }
  }

  #finish(reason: string): void {
    this.#stream.close()
    this.#ended.resolve(reason)
    this.#admitted.resolve(null)
  }
}
