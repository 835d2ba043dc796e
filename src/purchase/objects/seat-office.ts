/**
 * One Durable Object per event that sells seats. It is the host of an OfficeEngine: rows in SQLite, one alarm, the
 * platform's clock. The input gate makes the engine's synchronous blocks critical sections; the output gate holds answers
 * and calls back until the rows are durable.
 */
import { DurableObject } from 'cloudflare:workers'
import { withTimeout } from '../../bounded.ts'
import { admissionIdFor } from '../../core/ids.ts'
import { err, type Result } from '../../core/result.ts'
import { LineClock } from '../../durable/line-clock.ts'
import { lineOf } from '../../durable/objects.ts'
import { randomText } from '../../durable/promotion-tools.ts'
import { platformTurns } from '../../durable/platform-turns.ts'
import type { Admission } from '../../core/views.ts'
import { objectCaller } from '../../object-caller.ts'
import { log } from '../../observability/log.ts'
import type { Kept, OperationName } from '../../ports/idempotency.ts'
import type { LineResult } from '../../ports/lines.ts'
import type { SectionPlan } from '../core/seat-plan.ts'
import type { PaymentState } from '../core/records.ts'
import type { Heard } from '../payments/desk.ts'
import type { ProviderState } from '../payments/port.ts'
import { webhookTools } from '../../outbound/webhook-tools.ts'
import type { Receipt, WebhookSourceApi } from '../../outbound/message.ts'
import { paymentTools } from '../payments/payment-tools.ts'
import type {
  Checkout,
  HoldRequest,
  NotInside,
  OfficeResult,
  PayCall,
  Payment,
  PaymentDetail,
  ProviderCheckoutCall,
  Reservation,
  Resolution,
  SaleFigures,
  SeatOfficeApi,
} from '../ports.ts'
import { Completions } from './completions.ts'
import { walletOf } from './objects.ts'
import { OfficeDoor } from './office-door.ts'
import { OfficeEngine } from './office-engine.ts'
import type { OfficeHost, OfficeOutside } from './office-host.ts'
import { SeatNews } from './seat-news.ts'
import { OfficeStorage } from './office-storage.ts'

/** Of a call with many in it: those behind it wait for no line that does not answer. */
const LINE_TIMEOUT_MS = 5_000

export class SeatOffice extends DurableObject<Env> implements SeatOfficeApi, WebhookSourceApi {
  readonly #engine: OfficeEngine
  readonly #door: OfficeDoor

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const eventId = ctx.id.name ?? ''
    const askLine = objectCaller(() => lineOf(env, eventId))
    this.#door = new OfficeDoor({
      eventId,
      // Who has been redeemed for a session is redeemed for it again, so a line that went away is asked once more.
      enterAll: (entries) =>
        withTimeout(
          askLine('repeat', (line) => line.enterAll(entries)),
          LINE_TIMEOUT_MS,
        ),
    })
    this.#engine = new OfficeEngine(hostOf(ctx, env, eventId), outsideOf(env, eventId))
  }

  async plan(sections: readonly SectionPlan[]): Promise<OfficeResult<{ seatCount: number }>> {
    return this.#engine.plan(sections)
  }

  async figures(): Promise<SaleFigures> {
    return this.#engine.figures()
  }

  async map(knownVersion: number | null): Promise<{ version: number; seats: string | null }> {
    return this.#engine.map(knownVersion)
  }

  async hold(call: HoldRequest): Promise<OfficeResult<Kept<Reservation>>> {
    const outside = await this.#notInside(call.admissionId, call.sessionDigest)
    if (outside !== null) return outside
    return this.#engine.hold(call)
  }

  async answered(operation: OperationName): Promise<OfficeResult<Kept<Reservation | Checkout>> | null> {
    return this.#engine.answered(operation)
  }

  async reservation(reservationId: string, userId: string): Promise<OfficeResult<Reservation>> {
    return this.#engine.reservation(reservationId, userId)
  }

  async giveUp(reservationId: string, userId: string): Promise<OfficeResult<null>> {
    return this.#engine.giveUp(reservationId, userId)
  }

  async left(admissionId: string): Promise<void> {
    await this.#engine.left(admissionId)
  }

  async payByWallet(call: PayCall): Promise<OfficeResult<Kept<Payment>>> {
    const outside = await this.#notInside(call.admissionId, null)
    if (outside !== null) return outside
    return this.#engine.payByWallet(call)
  }

  async payByProvider(call: ProviderCheckoutCall): Promise<OfficeResult<Kept<Checkout>>> {
    const outside = await this.#notInside(call.admissionId, null)
    if (outside !== null) return outside
    return this.#engine.provider.payByProvider(call)
  }

  async hearProvider(providerEventId: string, paymentId: string, state: ProviderState): Promise<Heard> {
    return this.#engine.provider.hearProvider(providerEventId, paymentId, state)
  }

  async lookAtPayment(paymentId: string): Promise<Heard> {
    return this.#engine.provider.lookAtPayment(paymentId)
  }

  async confirmPayment(paymentId: string, proof: string): Promise<Heard> {
    return this.#engine.provider.confirmPayment(paymentId, proof)
  }

  async payments(state: PaymentState): Promise<PaymentDetail[]> {
    return this.#engine.provider.payments(state)
  }

  async resolvePayment(paymentId: string, as: Resolution): Promise<OfficeResult<PaymentDetail>> {
    return this.#engine.provider.resolvePayment(paymentId, as)
  }

  async webhooksHeard(receipts: readonly Receipt[]): Promise<void> {
    await this.#engine.webhooksHeard(receipts)
  }

  override async alarm(): Promise<void> {
    await this.#engine.alarm()
  }

  /**
   * Null: the admission is alive, and redeemed if a session is given. Those who were asked for together go on in one turn of
   * the object, so what they decide is written together.
   */
  async #notInside(
    admissionId: string,
    sessionDigest: string | null,
  ): Promise<Result<never, NotInside> | null> {
    const entered = await this.#door.enter({ admissionId, sessionDigest })
    return entered.ok ? null : err({ reason: 'not-inside', why: entered.error })
  }
}

function hostOf(ctx: DurableObjectState, env: Env, eventId: string): OfficeHost {
  const clock = new LineClock()
  return {
    eventId,
    rows: new OfficeStorage(ctx.storage),
    payments: paymentTools(env, ctx.storage.sql),
    webhooks: webhookTools(env),
    nowMs: () => clock.nowMs(),
    setAlarm: (atMs) => ctx.storage.setAlarm(clock.toRaw(atMs)),
    background: (work) =>
      ctx.waitUntil(work.catch((error: unknown) => log.error('background_failed', { error: String(error) }))),
    restart: (reason) => ctx.abort(reason),
    within: (limitMs, work) => withTimeout(work, limitMs),
    newId: () => admissionIdFor(eventId, randomText()),
  }
}

/** Null: there is nobody to tell any more, as when the event was deleted, or nothing more to tell. */
function refusalOf(released: LineResult<Admission>): string | null {
  if (released.ok) return null
  const { reason } = released.error
  return reason === 'event-not-found' || reason === 'admission-not-found' ? null : reason
}

/** A stub for each call: one that has failed stays broken. */
function outsideOf(env: Env, eventId: string): OfficeOutside {
  const seats = new SeatNews({
    eventId,
    nowMs: () => Date.now(),
    wait: (ms) => scheduler.wait(ms),
    tell: (news) => lineOf(env, eventId).seatsChanged(news),
  })
  const turns = platformTurns()
  const completions = new Completions({
    tell: async (admissionIds) => {
      const released = await withTimeout(lineOf(env, eventId).completeAll(admissionIds), LINE_TIMEOUT_MS)
      return released.map(refusalOf)
    },
  })
  return {
    // Nobody waits for it, and it never rejects.
    seatsChanged: (change) => void seats.changed(change),
    post: async (call) => {
      const posted = await walletOf(env, call.userId).post(call)
      // What has become of it is written with what has become of others: wallets answer each at its own time.
      await turns.turn()
      return posted
    },
    complete: (admissionId) => completions.complete(admissionId),
  }
}
