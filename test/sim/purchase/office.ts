/** A simulated Durable Object with a real OfficeEngine and its real SQL in it. */
import { withinTime } from '../../../src/bounded.ts'
import { PAYMENT_GRACE_MS } from '../../../src/purchase/core/limits.ts'
import { OfficeEngine } from '../../../src/purchase/objects/office-engine.ts'
import type { OfficeHost, OfficeOutside, OfficeRows } from '../../../src/purchase/objects/office-host.ts'
import type { SaleFigures } from '../../../src/purchase/ports.ts'
import { OfficeStorage } from '../../../src/purchase/objects/office-storage.ts'
import { DeskStorage, type DeskRows } from '../../../src/purchase/payments/desk-rows.ts'
import type { PaymentProvider } from '../../../src/purchase/payments/port.ts'
import type { WebhookTools } from '../../../src/outbound/outbox.ts'
import type { Change } from '../../../src/purchase/core/records.ts'
import { SqliteDatabase } from '../../long/sqlite-database.ts'
import { DurableLog } from '../durable-log.ts'
import type { PurchaseWorld } from './world.ts'

export const EVENT_ID = 'gig'

const ALARM_AGAIN_MS = 2_000

type Entry =
  | { readonly kind: 'created' }
  | { readonly kind: 'applied'; readonly changes: readonly Change[] }
  | { readonly kind: 'desk'; readonly play: (rows: DeskRows) => unknown }
  | { readonly kind: 'alarm'; readonly atMs: number | null }

/** How long a visitor may take at the provider. */
export const PAYMENT_MS = 30_000

export class SimOffice {
  readonly #world: PurchaseWorld
  readonly #outside: Omit<OfficeOutside, 'seatsChanged'>
  readonly #provider: PaymentProvider
  readonly #webhooks: WebhookTools
  readonly #log: DurableLog<Entry>
  #database = new SqliteDatabase()
  rows = new OfficeStorage(this.#database)
  #engine: OfficeEngine | null = null
  #life = 0
  #ids = 0
  #timer = 0
  isTouched = false

  constructor(
    world: PurchaseWorld,
    outside: Omit<OfficeOutside, 'seatsChanged'>,
    provider: PaymentProvider,
    webhooks: WebhookTools,
  ) {
    this.#world = world
    this.#outside = outside
    this.#provider = provider
    this.#webhooks = webhooks
    this.#log = new DurableLog(world.scheduler, () => world.diskMs())
  }

  get database(): SqliteDatabase {
    return this.#database
  }

  /** A call from outside. What dies with the object is never answered; the caller hears of it in time. */
  ask<T>(name: string, work: (engine: OfficeEngine) => Promise<T>): Promise<T> {
    return this.#world.call(name, () => {
      const life = this.#life
      const engine = this.#wake()
      return new Promise<T>((resolve, reject) => {
        this.#world.scheduler.after(60_000, () => reject(new Error('no answer')))
        const answer = (value: T): void => {
          if (life !== this.#life) return
          if (this.#world.mutant?.answersEarly === true) resolve(value)
          else this.#log.whenDurable(() => resolve(value))
        }
        work(engine).then(answer, reject)
      })
    })
  }

  /** How the sale stands, as the object that lives now has kept it in memory; null while none does. No call. */
  async figures(): Promise<SaleFigures | null> {
    return (await this.#engine?.figures()) ?? null
  }

  crash(): void {
    const lost = this.#log.crash(this.#world.random)
    this.#world.trace(() => `the office dies, ${lost} writes are lost`)
    this.#life += 1
    this.#engine = null
    this.#database.close()
    this.#database = new SqliteDatabase()
    this.rows = new OfficeStorage(this.#database)
    for (const entry of this.#log.entries) {
      if (entry.kind === 'created') this.rows.create()
      if (entry.kind === 'applied') this.rows.apply(entry.changes)
      if (entry.kind === 'desk') entry.play(new DeskStorage(this.#database.sql))
    }
    this.isTouched = true
    this.#setTimer()
  }

  close(): void {
    this.#life += 1
    this.#database.close()
  }

  #wake(): OfficeEngine {
    this.isTouched = true
    this.#engine ??= new OfficeEngine(this.#hostOf(this.#life), this.#outsideOf(this.#life))
    return this.#engine
  }

  #hostOf(life: number): OfficeHost {
    const world = this.#world
    const wait = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        world.scheduler.after(ms, () => {
          if (life === this.#life) resolve()
        })
      })
    return {
      eventId: EVENT_ID,
      rows: this.#rowsOf(life),
      payments: {
        rows: this.#deskRowsOf(life),
        provider: this.#providerOf(life),
        currency: 'KRW',
        paymentMs: PAYMENT_MS,
        graceMs: PAYMENT_GRACE_MS,
      },
      webhooks: {
        resendMs: this.#webhooks.resendMs,
        send: (messages) => this.#gated(life, () => this.#webhooks.send(messages)),
      },
      nowMs: () => world.nowMs,
      setAlarm: async (atMs) => {
        if (life !== this.#life) return
        this.#log.write({ kind: 'alarm', atMs })
        this.#setTimer()
      },
      background: (work) =>
        void work.catch((error: unknown) => {
          if (life === this.#life) world.violated('defect', `in the background: ${String(error)}`)
        }),
      restart: () => {
        if (life === this.#life) this.crash()
      },
      within: (limitMs, work) => withinTime(work, limitMs, wait),
      newId: () => {
        this.#ids += 1
        return `${EVENT_ID}.${this.#ids}`
      },
    }
  }

  #write<T>(life: number, entry: Entry, work: () => T): T {
    if (life !== this.#life) throw new Error('this object is gone')
    if (this.#world.strikes('writeRefused')) throw new Error('the disk is full')
    const value = work()
    this.isTouched = true
    this.#log.write(entry)
    return value
  }

  #rowsOf(life: number): OfficeRows {
    const { rows } = this
    const write = (entry: Entry, work: () => void) => this.#write(life, entry, work)
    const right: OfficeRows = {
      load: () => rows.load(),
      create: () => write({ kind: 'created' }, () => rows.create()),
      apply: (changes) => write({ kind: 'applied', changes }, () => rows.apply(changes)),
      order: (reservationId) => rows.order(reservationId),
      orderOfPayment: (paymentId) => rows.orderOfPayment(paymentId),
      paymentCounts: () => rows.paymentCounts(),
      paymentsIn: (state, rowsMax) => rows.paymentsIn(state, rowsMax),
      operation: (operationId, sinceMs) => rows.operation(operationId, sinceMs),
      oldestOperationAtMs: () => rows.oldestOperationAtMs(),
      reservationsOfAdmission: (admissionId) => rows.reservationsOfAdmission(admissionId),
      forget: (beforeMs, rowsMax) => rows.forget(beforeMs, rowsMax),
    }
    return this.#world.mutant?.rows?.(right, () => this.#world.nowMs) ?? right
  }

  #deskRowsOf(life: number): DeskRows {
    const rows = new DeskStorage(this.#database.sql)
    const write = <T>(play: (desk: DeskRows) => T): T =>
      this.#write(life, { kind: 'desk', play }, () => play(rows))
    return {
      begin: (paymentId, checkout) => write((desk) => desk.begin(paymentId, checkout)),
      checkout: (paymentId) => rows.checkout(paymentId),
      noteConfirmation: (paymentId, atMs) => write((desk) => desk.noteConfirmation(paymentId, atMs)),
      noteAsked: (paymentId, atMs, againMs) => write((desk) => desk.noteAsked(paymentId, atMs, againMs)),
      hasHeard: (eventId) => rows.hasHeard(eventId),
      noteEvent: (eventId, paymentId, atMs) => write((desk) => desk.noteEvent(eventId, paymentId, atMs)),
      forgetEvents: (heardBeforeMs, rowsMax) => rows.forgetEvents(heardBeforeMs, rowsMax),
    }
  }

  /** Calls leave the object once what was written before them is durable. */
  #gated<T>(life: number, call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#log.whenDurable(() => {
        if (life === this.#life) void call().then(resolve, reject)
      })
    })
  }

  #outsideOf(life: number): OfficeOutside {
    return {
      // Nobody listens here.
      seatsChanged: () => {},
      post: (request) => this.#gated(life, () => this.#outside.post(request)),
      complete: (admissionId) => this.#gated(life, () => this.#outside.complete(admissionId)),
    }
  }

  #providerOf(life: number): PaymentProvider {
    const provider = this.#world.mutant?.provider?.(this.#provider) ?? this.#provider
    return {
      name: provider.name,
      verifyWebhook: (delivery) => provider.verifyWebhook(delivery),
      readReturn: (query) => provider.readReturn(query),
      create: (payment) => this.#gated(life, () => provider.create(payment)),
      confirm: (payment, proof) => this.#gated(life, () => provider.confirm(payment, proof)),
      fetch: (payment) => this.#gated(life, () => provider.fetch(payment)),
      cancel: (payment) => this.#gated(life, () => provider.cancel(payment)),
      refund: (payment) => this.#gated(life, () => provider.refund(payment)),
    }
  }

  #setTimer(): void {
    const atMs = this.#log.entries.findLast((entry) => entry.kind === 'alarm')?.atMs ?? null
    this.#timer += 1
    const timer = this.#timer
    if (atMs === null) return
    const world = this.#world
    const lateMs = world.strikes('alarmLate') ? world.random.between(0, 20_000) : world.random.between(0, 20)
    world.scheduler.after(Math.max(0, atMs - world.nowMs) + lateMs, () => {
      if (timer !== this.#timer) return false
      return this.#ring()
    })
  }

  #ring(): void {
    const world = this.#world
    const engine = this.#wake()
    const life = this.#life
    this.#log.write({ kind: 'alarm', atMs: null })
    void engine.alarm().catch((error: unknown) => {
      if (life === this.#life) world.violated('defect', `the alarm: ${String(error)}`)
    })
    // The platform rings again when the object dies of its alarm.
    if (life !== this.#life) world.scheduler.after(ALARM_AGAIN_MS, () => this.#ring())
  }
}
