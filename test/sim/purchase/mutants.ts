/** The mistakes that the purchase service is there to avoid, each made on purpose from outside. */
import { Agenda } from '../../../src/purchase/core/agenda.ts'
import type { Change } from '../../../src/purchase/core/records.ts'
import { SeatMap } from '../../../src/purchase/core/seat-map.ts'
import type { OfficeRows } from '../../../src/purchase/objects/office-host.ts'
import type { PostCall } from '../../../src/purchase/ports.ts'
import type { PaymentProvider } from '../../../src/purchase/payments/port.ts'
import { SimProvider } from './provider.ts'
import type { FaultName } from '../faulty-world.ts'
import { replaced } from '../replaced.ts'

export type PurchaseMutant = {
  readonly name: string
  /** Faults that strike this often in its worlds, and in those of the right design beside them. */
  readonly faults?: Partial<Record<FaultName, number>>
  /** Changes the code for as long as a simulation runs; answers how to change it back. */
  readonly install?: () => () => void
  readonly rows?: (right: OfficeRows, nowMs: () => number) => OfficeRows
  readonly post?: (call: PostCall, count: number) => PostCall
  readonly provider?: (right: PaymentProvider) => PaymentProvider
  /** Visitors hear of what is not durable. */
  readonly answersEarly?: boolean
  /** The office hears that its news are delivered when they are in the queue. */
  readonly forgetsWhatIsQueued?: boolean
}

export const PURCHASE_MUTANTS: readonly PurchaseMutant[] = [
  { name: 'a seat is given without looking whether it is free', install: withoutGuard },
  {
    name: 'a wallet debits as often as it is asked',
    post: (call, count) => ({ ...call, operationId: `${call.operationId} ${count}` }),
  },
  {
    name: 'seats that are being paid for are freed when the hold ends',
    faults: { answerLost: 0.3, callLate: 0.2 },
    install: holdsOfPayers,
    rows: freeWhilePaying,
  },
  {
    name: 'what is owed is forgotten when the office starts again',
    faults: { answerLost: 0.3 },
    rows: (right) => ({
      ...right,
      load: () => {
        const snapshot = right.load()
        return snapshot === null ? null : { ...snapshot, errands: [] }
      },
    }),
  },
  {
    name: 'the same hold asked for again is another hold',
    faults: { answerLost: 0.3, callDoubled: 0.3 },
    rows: (right) => ({ ...right, operation: () => null }),
  },
  {
    name: 'seats are freed on the word of nobody: a checkout counts as closed that was not',
    faults: { answerLost: 0.2 },
    provider: (right) => ({
      ...bound(right),
      cancel: async () => ({ kind: 'known', state: { kind: 'closed' } }),
      // What was freed like that is paid for all the same.
      refund: async () => ({ kind: 'refunded' }),
    }),
  },
  { name: 'money that came too late is kept', install: withoutRefunds },
  { name: 'news for the shop are forgotten once the queue has them', forgetsWhatIsQueued: true },
  { name: 'a buyer hears of what is not durable', answersEarly: true, faults: { slowDisk: 0.6 } },
]

function withoutGuard(): () => void {
  return replaced(SeatMap.prototype, 'taken', () => () => [])
}

/** The agenda ends a hold although its reservation is being paid for. */
function holdsOfPayers(): () => void {
  return replaced(
    Agenda.prototype,
    'apply',
    (apply) =>
      function applyMutated(this: Agenda, change: Change) {
        const isPaying = change.kind === 'reservation_saved' && change.reservation.state === 'paying'
        apply.call(
          this,
          isPaying ? { ...change, reservation: { ...change.reservation, state: 'held' } } : change,
        )
      },
  )
}

/** The money is not given back, and the books say that it was. */
function withoutRefunds(): () => void {
  return replaced(SimProvider.prototype, 'refund', () => async () => ({ kind: 'refunded' }) as const)
}

function bound(provider: PaymentProvider): PaymentProvider {
  return {
    name: provider.name,
    verifyWebhook: (delivery) => provider.verifyWebhook(delivery),
    readReturn: (query) => provider.readReturn(query),
    create: (payment) => provider.create(payment),
    confirm: (payment, proof) => provider.confirm(payment, proof),
    fetch: (payment) => provider.fetch(payment),
    cancel: (payment) => provider.cancel(payment),
    refund: (payment) => provider.refund(payment),
  }
}

/** Nobody looks whether a payment is under way when the time is over. */
function freeWhilePaying(right: OfficeRows, nowMs: () => number): OfficeRows {
  return {
    ...right,
    order: (reservationId) => {
      const order = right.order(reservationId)
      if (order?.reservation.state !== 'paying' || nowMs() < order.reservation.holdEndsAtMs) return order
      return { ...order, reservation: { ...order.reservation, state: 'held' } }
    },
  }
}
