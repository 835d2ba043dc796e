/** A seat office on its real rows, with a clock, an alarm, wallets, a line and a provider that the test holds in its hands. */
import { ok } from '../../../src/core/result.ts'
import { PAYMENT_GRACE_MS } from '../../../src/purchase/core/limits.ts'
import { OfficeEngine } from '../../../src/purchase/objects/office-engine.ts'
import type { OfficeHost, OfficeOutside } from '../../../src/purchase/objects/office-host.ts'
import { OfficeStorage } from '../../../src/purchase/objects/office-storage.ts'
import { DeskStorage } from '../../../src/purchase/payments/desk-rows.ts'
import type { OperationName } from '../../../src/ports/idempotency.ts'
import type { WebhookTools } from '../../../src/outbound/outbox.ts'
import type { PaymentProvider } from '../../../src/purchase/payments/port.ts'
import { SqliteDatabase } from '../../long/sqlite-database.ts'

const HOLD_MS = 300_000

/** One that is asked for with the same request each time. */
export function operation(operationId: string): OperationName {
  return { operationId, requestHash: '' }
}

export const PAYMENT_MS = 600_000

export class OfficeWorld {
  nowMs = 1_800_000_000_000
  engine: OfficeEngine
  /** Looked at when the office starts. */
  webhooks: WebhookTools | null = null
  /** Admissions that the line was told of. */
  readonly completed: string[] = []
  lineIsAway = false
  /** What the wallets do. */
  wallet: OfficeOutside['post'] = async () => ok({ answer: { balance: 0 }, isReplay: false })
  /** Resolves when the object that lives now is gone. */
  death = Promise.withResolvers<void>()
  readonly #database = new SqliteDatabase()
  #provider: PaymentProvider | null
  #alarmAtMs: number | null = null
  #background: Promise<unknown>[] = []
  #ids = 0
  #operations = 0

  constructor(provider: PaymentProvider | null) {
    this.#provider = provider
    this.engine = this.#start()
  }

  /** As they are now, whatever the engine remembers. */
  get rows(): OfficeStorage {
    return new OfficeStorage(this.#database)
  }

  /** The object is gone and comes back on its rows; what it was doing is lost. */
  restart(provider: PaymentProvider | null = this.#provider): void {
    const { death } = this
    this.#provider = provider
    this.#background = []
    this.death = Promise.withResolvers<void>()
    this.engine = this.#start()
    death.resolve()
  }

  /** Plans four seats and holds the first two. */
  async held(): Promise<string> {
    await this.engine.plan([{ name: 'A', rows: 1, seatsPerRow: 4, price: 6_000 }])
    const held = await this.engine.hold({
      operation: operation('o'),
      userId: 'ann',
      admissionId: 'admission',
      selection: { kind: 'seats', seatIds: ['A-1-1', 'A-1-2'] },
      holdMs: HOLD_MS,
    })
    if (!held.ok) throw new Error(held.error.reason)
    return held.value.answer.reservationId
  }

  /** Begins to pay for the held seats; answers the payment's id. */
  async begun(reservationId: string): Promise<string> {
    const begun = await this.checkout(reservationId)
    if (!begun.ok) throw new Error(begun.error.reason)
    return begun.value.answer.paymentId
  }

  checkout(
    reservationId: string,
    admissionId = 'admission',
  ): ReturnType<OfficeEngine['provider']['payByProvider']> {
    this.#operations += 1
    return this.engine.provider.payByProvider({
      operation: operation(`check out ${this.#operations}`),
      reservationId,
      userId: 'ann',
      admissionId,
      origin: 'https://usher.example',
    })
  }

  async state(reservationId: string): Promise<string> {
    const found = await this.engine.reservation(reservationId, 'ann')
    return found.ok ? found.value.state : found.error.reason
  }

  async seats(): Promise<string[]> {
    const { seats } = await this.engine.map(null)
    return JSON.parse(seats ?? '[]').map(({ state }: { state: string }) => state)
  }

  /** Who has seats, and in which state they are; a reservation has all its seats in one state. */
  owners(): Map<string, string> {
    const snapshot = new OfficeStorage(this.#database).load()
    const owned = (snapshot?.seats ?? []).filter(({ reservationId }) => reservationId !== null)
    return new Map(owned.map(({ reservationId, state }) => [reservationId ?? '', state]))
  }

  /** Lets so much time pass; the alarm rings when it is due. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms
    await this.settled()
    while (this.#alarmAtMs !== null && this.#alarmAtMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.#alarmAtMs)
      this.#alarmAtMs = null
      await this.engine.alarm()
      await this.settled()
    }
    this.nowMs = untilMs
  }

  /** All that the office does on the side is done. */
  async settled(): Promise<void> {
    while (this.#background.length > 0) await Promise.allSettled(this.#background.splice(0))
  }

  #start(): OfficeEngine {
    return new OfficeEngine(this.#host(), this.#outside())
  }

  #host(): OfficeHost {
    return {
      eventId: 'demo',
      rows: new OfficeStorage(this.#database),
      payments: {
        rows: new DeskStorage(this.#database.sql),
        provider: this.#provider === null ? null : this.#untilDeath(this.#provider),
        currency: 'KRW',
        paymentMs: PAYMENT_MS,
        graceMs: PAYMENT_GRACE_MS,
      },
      webhooks: this.webhooks,
      nowMs: () => this.nowMs,
      setAlarm: async (atMs) => {
        this.#alarmAtMs = atMs
      },
      background: (work) => void this.#background.push(work),
      restart: (reason) => {
        throw new Error(reason)
      },
      // Nothing here takes long.
      within: (_limitMs, work) => work,
      newId: () => {
        this.#ids += 1
        return `demo.${String(this.#ids).padStart(22, '0')}`
      },
    }
  }

  /** The same provider, whose answers reach only the object that asked. */
  #untilDeath(provider: PaymentProvider): PaymentProvider {
    const { death } = this
    const alive = async <T>(answer: Promise<T>): Promise<T> => {
      const reply = await answer
      return death === this.death ? reply : new Promise<never>(() => {})
    }
    return {
      name: provider.name,
      verifyWebhook: (delivery) => provider.verifyWebhook(delivery),
      readReturn: (query) => provider.readReturn(query),
      create: (payment) => alive(provider.create(payment)),
      confirm: (payment, proof) => alive(provider.confirm(payment, proof)),
      fetch: (payment) => alive(provider.fetch(payment)),
      cancel: (payment) => alive(provider.cancel(payment)),
      refund: (payment) => alive(provider.refund(payment)),
    }
  }

  #outside(): OfficeOutside {
    return {
      post: (call) => this.wallet(call),
      seatsChanged: () => {},
      complete: async (admissionId) => {
        if (this.lineIsAway) throw new Error('the line is away')
        this.completed.push(admissionId)
      },
    }
  }
}
