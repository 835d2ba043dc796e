/** A queue as the platform promises it: late, more than once, in any order; and as it is when its process dies, not at all. */
import { RECORD_ATTEMPTS_MAX } from '../../../src/drops/core/limits.ts'
import type { ClaimReceipt, ClaimRecords } from '../../../src/drops/ports.ts'
import { keepFailedClaims, recordClaims } from '../../../src/drops/redis/claim-consumer.ts'
import type { ClaimMessage } from '../../../src/drops/redis/claim-message.ts'
import type { Log } from '../../../src/observability/log.ts'
import type { QueuedMessage } from '../../../src/outbound/consumer.ts'
import type { DropWorld } from './world.ts'

type Parcel = { readonly body: ClaimMessage; readonly attempts: number; readonly isDead: boolean }

const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {} }

export class SimQueue {
  /** Tells the drop's object; rejects when it is not reached. */
  heard: (receipts: readonly ClaimReceipt[]) => Promise<void> = () => Promise.resolve()
  readonly #world: DropWorld
  readonly #records: ClaimRecords
  #waiting: Parcel[] = []
  #isDelivering = false

  constructor(world: DropWorld, records: ClaimRecords) {
    this.#world = world
    this.#records = world.mutant?.consumerRecords?.(records) ?? records
  }

  send(body: ClaimMessage): Promise<void> {
    return this.#world.call(`${body.claims.length} claims for the queue`, async () =>
      this.#take({ body, attempts: 1, isDead: false }),
    )
  }

  #take(parcel: Parcel): void {
    if (this.#world.strikes('requestLost')) return
    this.#waiting.push(parcel)
    if (this.#world.strikes('callDoubled')) this.#waiting.push(parcel)
    if (this.#isDelivering) return
    this.#isDelivering = true
    this.#world.scheduler.after(this.#world.random.between(0, 2_000), () => this.#deliver())
  }

  #deliver(): void {
    this.#isDelivering = false
    const batch = this.#waiting
    this.#waiting = []
    const deps = {
      records: this.#records,
      heard: (_dropId: string, receipts: readonly ClaimReceipt[]) => this.heard(receipts),
      log: SILENT,
    }
    const of = (isDead: boolean) =>
      batch.filter((parcel) => parcel.isDead === isDead).map((parcel) => this.#message(parcel))
    void recordClaims(of(false), deps)
    void keepFailedClaims(of(true), deps)
  }

  #message(parcel: Parcel): QueuedMessage {
    return {
      body: parcel.body,
      attempts: parcel.attempts,
      ack: () => {},
      retry: ({ delaySeconds = 0 } = {}) => {
        const isDead = parcel.isDead || parcel.attempts >= RECORD_ATTEMPTS_MAX
        const again = { ...parcel, isDead, attempts: isDead ? 1 : parcel.attempts + 1 }
        this.#world.scheduler.after(delaySeconds * 1_000, () => this.#take(again))
      },
    }
  }
}
