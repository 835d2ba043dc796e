/**
 * One Durable Object per event that sells seats. It is the host of an OfficeEngine: rows in SQLite, one alarm, the
 * platform's clock. The input gate makes the engine's synchronous blocks critical sections; the output gate holds answers
 * and calls back until the rows are durable.
 */
import { DurableObject } from 'cloudflare:workers'
import { withTimeout } from '../../bounded.ts'
import { admissionIdFor } from '../../core/ids.ts'
import { LineClock } from '../../durable/line-clock.ts'
import { lineOf } from '../../durable/objects.ts'
import { randomText } from '../../durable/promotion-tools.ts'
import { log } from '../../observability/log.ts'
import type { SectionPlan } from '../core/seat-plan.ts'
import type { PaymentState } from '../core/records.ts'
import type { Heard } from '../payments/desk.ts'
import type { ProviderState } from '../payments/port.ts'
import { webhookTools } from '../../outbound/webhook-tools.ts'
import type { Receipt, WebhookSourceApi } from '../../outbound/message.ts'
import { paymentTools } from '../payments/payment-tools.ts'
import type {
  Checkout,
  HoldCall,
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
import { walletOf } from './objects.ts'
import { OfficeEngine } from './office-engine.ts'
import type { OfficeHost, OfficeOutside } from './office-host.ts'
import { SeatNews } from './seat-news.ts'
import { OfficeStorage } from './office-storage.ts'

export class SeatOffice extends DurableObject<Env> implements SeatOfficeApi, WebhookSourceApi {
  readonly #engine: OfficeEngine

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const eventId = ctx.id.name ?? ''
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

  async hold(call: HoldCall): Promise<OfficeResult<Reservation>> {
    return this.#engine.hold(call)
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

  async payByWallet(call: PayCall): Promise<OfficeResult<Payment>> {
    return this.#engine.payByWallet(call)
  }

  async payByProvider(call: ProviderCheckoutCall): Promise<OfficeResult<Checkout>> {
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

/** A stub for each call: one that has failed stays broken. */
function outsideOf(env: Env, eventId: string): OfficeOutside {
  const seats = new SeatNews({
    eventId,
    nowMs: () => Date.now(),
    wait: (ms) => scheduler.wait(ms),
    tell: (news) => lineOf(env, eventId).seatsChanged(news),
  })
  return {
    // Nobody waits for it, and it never rejects.
    seatsChanged: (change) => void seats.changed(change),
    post: (call) => walletOf(env, call.userId).post(call),
    complete: async (admissionId) => {
      const released = await lineOf(env, eventId).release(admissionId, 'completed')
      const { ok } = released
      // The line of an event that was deleted knows no admission: there is nobody to tell any more.
      const isOver = ok || ['event-not-found', 'admission-not-found'].includes(released.error.reason)
      if (!isOver) throw new Error(`the line answers ${released.error.reason}`)
    },
  }
}
