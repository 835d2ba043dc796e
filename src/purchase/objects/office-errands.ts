/**
 * What an office owes to others: it is written with the decision that makes it owed, done at once by whoever decided, and
 * done again by the alarm until it is acknowledged.
 */
import { TimedOut } from '../../bounded.ts'
import { errorFields, log } from '../../observability/log.ts'
import { messageOf, type Receipt } from '../../outbound/message.ts'
import type { OperationName } from '../../ports/idempotency.ts'
import { paymentOf } from '../core/orders.ts'
import type { Change, Errand, ErrandKey, PaymentRecord } from '../core/records.ts'
import type { OfficeBook } from './office-book.ts'
import type { OfficeHost, OfficeOutside } from './office-host.ts'

const ERRANDS_MAX = 50

/** How long a call to somebody outside may take before its outcome counts as unknown. */
const OUTSIDE_TIMEOUT_MS = 5_000
/** How long the answer to a visitor waits for the line to hear of the sale. */
const COMPLETE_WAIT_MS = 2_000

const AGAIN_MS_MIN = 1_000
const AGAIN_MS_MAX = 60_000

type Doer = (errand: Errand) => Promise<void>

export type OfficeErrandsLink = {
  readonly host: OfficeHost
  readonly outside: OfficeOutside
  readonly book: OfficeBook
  /** Of payments at a provider; reject to be done again. */
  readonly provider: {
    readonly close: (paymentId: string) => Promise<void>
    readonly refund: (paymentId: string) => Promise<void>
  }
}

export class OfficeErrands {
  readonly #link: OfficeErrandsLink
  readonly #doers: Partial<Record<Errand['kind'], Doer>> = {
    debit: ({ subject }) => this.#debit(this.#paymentOf(subject)),
    close: ({ subject }) => this.#link.provider.close(subject),
    refund: ({ subject }) => this.#refund(subject),
    complete: (errand) => this.#complete(errand),
  }

  constructor(link: OfficeErrandsLink) {
    this.#link = link
  }

  /** Does what is due. */
  run(nowMs: number): void {
    const errands = this.#link.book.agenda.errandsDue(nowMs, ERRANDS_MAX)
    const due = Map.groupBy(errands, ({ kind }) => kind === 'webhook')
    this.#tellShop(due.get(true) ?? [], nowMs)
    for (const errand of due.get(false) ?? []) this.#start(errand, nowMs)
  }

  /** Asks the wallet for the payment. It is in the rows how that went. */
  debit(payment: PaymentRecord): Promise<void> {
    return this.#attempt(() => this.#debit(payment), 'debit')
  }

  /** The next fan is told at once; a line that does not answer at once is told by the alarm. */
  async completeSoon(admissionId: string): Promise<void> {
    const { host, book } = this.#link
    const errand = book.agenda.errand({ kind: 'complete', subject: admissionId })
    if (errand === undefined) return
    const told = this.#attempt(() => this.#complete(errand), 'complete')
    host.background(told)
    try {
      await host.within(COMPLETE_WAIT_MS, told)
    } catch (error) {
      if (!(error instanceof TimedOut)) throw error
    }
  }

  /** What the queue says of deliveries. What is not owed any more is ignored. */
  heard(receipts: readonly Receipt[]): void {
    const { host, book } = this.#link
    const resendMs = host.webhooks?.resendMs ?? 0
    const nowMs = host.nowMs()
    const changes = receipts.flatMap(({ subject, quietMs }): Change[] => {
      const errand = book.agenda.errand({ kind: 'webhook', subject })
      if (errand === undefined) return []
      if (quietMs === null) return [{ kind: 'errand_done', errand }]
      // Sent once more when nothing has been heard of it for so long.
      return [{ kind: 'errand_saved', errand: { ...errand, dueAtMs: nowMs + quietMs + resendMs } }]
    })
    book.save(changes)
  }

  #start(errand: Errand, nowMs: number): void {
    const { host, book } = this.#link
    const doer = this.#doers[errand.kind]
    // Owed by an earlier version, and done by nobody here any more.
    if (doer === undefined) return book.save([{ kind: 'errand_done', errand }])
    book.save([begunAgain(errand, nowMs)])
    host.background(this.#attempt(() => doer(errand), errand.kind))
  }

  /** The queue takes the news of one alarm together, and the office waits for what it says of them. */
  #tellShop(news: readonly Errand[], nowMs: number): void {
    const { host, book } = this.#link
    const { webhooks, eventId } = host
    if (webhooks === null || news.length === 0) return
    const source = { kind: 'office', eventId } as const
    book.save(news.map((errand) => begunAgain(errand, nowMs)))
    const handedOver = async (): Promise<void> => {
      await webhooks.send(news.map((errand) => messageOf(source, errand)))
      this.heard(news.map(({ subject }) => ({ subject, quietMs: 0 })))
    }
    host.background(this.#attempt(handedOver, 'webhook'))
  }

  /** What fails is done again by the alarm. */
  async #attempt(work: () => Promise<void>, kind: Errand['kind']): Promise<void> {
    const { host } = this.#link
    try {
      await host.within(OUTSIDE_TIMEOUT_MS, work())
    } catch (error) {
      log.warn('errand_failed', { eventId: host.eventId, kind, ...errorFields(error) })
    }
  }

  async #debit(payment: PaymentRecord): Promise<void> {
    const { outside, book } = this.#link
    const { paymentId, userId, amount } = payment
    const request = { kind: 'payment', userId, amount, reference: paymentId } as const
    const posted = await outside.post({ ...operationNamed(`payment:${paymentId}`), ...request })
    if (!posted.ok && posted.error.reason !== 'insufficient-balance') throw new Error(posted.error.reason)
    book.follow(
      book.orderWith(payment),
      posted.ok
        ? { kind: 'payment_succeeded', paymentId, amount }
        : { kind: 'payment_declined', paymentId, as: 'failed' },
    )
  }

  async #refund(paymentId: string): Promise<void> {
    const { outside, book, provider } = this.#link
    const { userId, amount, method } = this.#paymentOf(paymentId)
    if (method === 'provider') return provider.refund(paymentId)
    const request = { kind: 'refund', userId, amount, reference: paymentId } as const
    await outside.post({ ...operationNamed(`refund:${paymentId}`), ...request })
    book.follow(book.orderOfPayment(paymentId), { kind: 'payment_refunded', paymentId })
  }

  async #complete({ kind, subject }: ErrandKey): Promise<void> {
    await this.#link.outside.complete(subject)
    this.#link.book.saveLater({ kind: 'errand_done', errand: { kind, subject } })
  }

  #paymentOf(paymentId: string): PaymentRecord {
    return paymentOf(this.#link.book.orderOfPayment(paymentId), paymentId)
  }
}

/** An operation of the office's own: nobody else can ask for another one by its name. */
function operationNamed(operationId: string): OperationName {
  return { operationId, requestHash: '' }
}

/** Sets the next attempt before this one begins: whatever becomes of it, there is a next one. */
function begunAgain(errand: Errand, nowMs: number): Change {
  const { attempts } = errand
  const dueAtMs = nowMs + Math.min(AGAIN_MS_MAX, OUTSIDE_TIMEOUT_MS + AGAIN_MS_MIN * 2 ** attempts)
  return { kind: 'errand_saved', errand: { ...errand, dueAtMs, attempts: attempts + 1 } }
}
