/** What the console reads out of the figures of a sale. */
import type { PaymentDetail, Resolution, SaleFigures } from './answers.ts'

/** How many payments are in this state, of all methods. */
export function paymentsIn({ payments }: SaleFigures, state: PaymentDetail['state']): number {
  return Object.values(payments).reduce((sum, counts) => sum + counts[state], 0)
}

/** The states in which payments wait for an operator, or may come to: those that there are. */
export function waitsForOperator(sale: SaleFigures): ('stuck' | 'refund_due')[] {
  return (['stuck', 'refund_due'] as const).filter((state) => paymentsIn(sale, state) > 0)
}

/** What an operator may say of it. A wallet is never stuck, and gets its money back by itself. */
export function resolutionsOf({ method, state }: PaymentDetail): readonly Resolution[] {
  if (method === 'wallet') return []
  return state === 'stuck' ? ['paid', 'failed'] : ['refunded']
}

/** Seats that are sold change by the second; where there are none, some may be planned one day. */
export function saleDelayMs({ seats }: SaleFigures): number {
  return seats.free + seats.held + seats.sold > 0 ? 5_000 : 60_000
}
