/** The bodies of the purchase service: what comes in, with ranges, and what goes out. */
import * as z from 'zod'
import { requestSchemas, responseSchemas } from '../../http/schemas/named.ts'
import { wholeNumber } from '../../http/schemas/whole-number.ts'
import {
  AMOUNT_MAX,
  ROWS_MAX,
  SEATS_MAX,
  SEATS_PER_RESERVATION_MAX,
  SEATS_PER_ROW_MAX,
  SECTIONS_MAX,
  STATEMENT_PAGE_MAX,
} from '../core/limits.ts'
import { OPERATION_KINDS } from '../core/ledger.ts'
import type { Selection } from '../core/office.ts'
import { PAYMENT_METHODS, PAYMENT_STATES, RESERVATION_STATES } from '../core/records.ts'
import { seatCountOf } from '../core/seat-plan.ts'
import { RESOLUTIONS } from '../sale-views.ts'
import type { Checkout, LedgerTotals, Payment, PaymentDetail, Reservation, StatementEntry } from '../ports.ts'

const SECTION_CHARS_MAX = 40
/** The name of a section with two numbers. */
const SEAT_ID_CHARS_MAX = SECTION_CHARS_MAX + 10
/** No control characters, no half of a surrogate pair, and no space at either end that nobody sees. */
const SECTION_PATTERN = /^(?!\s)[^\p{Cc}\p{Cs}]+(?<!\s)$/u

const amount = z.int().min(1).max(AMOUNT_MAX)

const sectionPlan = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(SECTION_CHARS_MAX)
    .regex(SECTION_PATTERN, 'Must have no control characters, and no space at either end.'),
  rows: z.int().min(1).max(ROWS_MAX),
  seatsPerRow: z.int().min(1).max(SEATS_PER_ROW_MAX),
  price: z.int().min(0).max(AMOUNT_MAX),
})

export const seatPlanBody = z
  .strictObject({
    sections: z
      .array(sectionPlan)
      .min(1)
      .max(SECTIONS_MAX)
      .refine((sections) => new Set(sections.map(({ name }) => name)).size === sections.length, {
        error: 'The names of the sections must differ.',
      })
      .refine((sections) => seatCountOf(sections) <= SEATS_MAX, {
        error: `There may be at most ${SEATS_MAX} seats.`,
      }),
  })
  .register(requestSchemas, { id: 'SeatPlan' })

export const reservationBody = z
  .object({
    seatIds: z.exactOptional(
      z
        .array(z.string().min(1).max(SEAT_ID_CHARS_MAX))
        .min(1)
        .max(SEATS_PER_RESERVATION_MAX)
        .refine((ids) => new Set(ids).size === ids.length, { error: 'The seats must differ.' }),
    ),
    section: z.exactOptional(z.string().min(1).max(SECTION_CHARS_MAX)),
    count: z.exactOptional(z.int().min(1).max(SEATS_PER_RESERVATION_MAX)),
  })
  .refine((body) => selectionOf(body) !== null, {
    path: ['seatIds'],
    error: 'Name the seats, or instead of them a section and a count.',
  })
  .register(requestSchemas, { id: 'NewReservation' })

type ReservationBody = {
  readonly seatIds?: readonly string[]
  readonly section?: string
  readonly count?: number
}

/** Null unless the body names either seats or a section with a count. */
export function selectionOf({ seatIds, section, count }: ReservationBody): Selection | null {
  if (seatIds !== undefined && section === undefined && count === undefined) return { kind: 'seats', seatIds }
  if (seatIds === undefined && section !== undefined && count !== undefined)
    return { kind: 'section', section, count }
  return null
}

export const paymentBody = z
  .object({ method: z.enum(PAYMENT_METHODS) })
  .register(requestSchemas, { id: 'NewPayment' })

export const chargeBody = z.object({ amount }).register(requestSchemas, { id: 'Charge' })

const count = z.int().nonnegative()
const instant = z.iso.datetime()

export const seatPlanResult = z.object({ seatCount: count }).register(responseSchemas, { id: 'SeatCount' })

const seat = z
  .object({
    seatId: z.string(),
    section: z.string(),
    row: z.int().positive(),
    number: z.int().positive(),
    price: count,
    state: z.enum(['free', 'held', 'sold']),
  })
  .register(responseSchemas, { id: 'Seat' })

export const seatMap = z
  .object({ seats: z.array(seat), version: count })
  .register(responseSchemas, { id: 'SeatMap' })

export const reservation = z.object({
  reservationId: z.string(),
  eventId: z.string(),
  seatIds: z.array(z.string()),
  amount: count,
  expiresAt: instant,
  state: z.enum(RESERVATION_STATES),
  paymentId: z.string().nullable(),
}) satisfies z.ZodType<Reservation>
reservation.register(responseSchemas, { id: 'Reservation' })

export const payment = z.object({
  paymentId: z.string(),
  state: z.enum(PAYMENT_STATES),
  amount: count,
}) satisfies z.ZodType<Payment>
payment.register(responseSchemas, { id: 'Payment' })

export const checkout = z.object({
  ...payment.shape,
  checkoutUrl: z.string().nullable(),
}) satisfies z.ZodType<Checkout>
checkout.register(responseSchemas, { id: 'Checkout' })

export const paymentDetail = z.object({
  ...payment.shape,
  reservationId: z.string(),
  userId: z.string(),
  method: z.enum(PAYMENT_METHODS),
  createdAt: instant,
  deadlineAt: instant,
  reference: z.string().nullable(),
}) satisfies z.ZodType<PaymentDetail>
paymentDetail.register(responseSchemas, { id: 'PaymentDetail' })

export const paymentList = z
  .object({ payments: z.array(paymentDetail) })
  .register(responseSchemas, { id: 'PaymentList' })

export const resolutionBody = z
  .object({ as: z.enum(RESOLUTIONS) })
  .register(requestSchemas, { id: 'PaymentResolution' })

export const webhookReceipt = z
  .object({ received: z.literal(true) })
  .register(responseSchemas, { id: 'WebhookReceipt' })

export const wallet = z.object({ balance: count }).register(responseSchemas, { id: 'Wallet' })

const statementEntry = z.object({
  entryId: z.int().positive(),
  kind: z.enum(OPERATION_KINDS),
  amount: z.int(),
  balance: count,
  reference: z.string(),
  at: instant,
}) satisfies z.ZodType<StatementEntry>

export const statement = z
  .object({ entries: z.array(statementEntry), next: z.int().positive().nullable() })
  .register(responseSchemas, { id: 'Statement' })

export const ledger = z.object({
  visitors: z.int(),
  funding: z.int(),
  sales: z.int(),
  entries: z.int(),
  operations: count,
  balanced: z.boolean(),
}) satisfies z.ZodType<LedgerTotals>
ledger.register(responseSchemas, { id: 'LedgerTotals' })

// --- Parameters: texts, since they come from an address -------------------------------------------------------------

export const paymentsQuery = z.strictObject({
  state: z.enum(PAYMENT_STATES).default('stuck').describe('Only payments in this state.'),
})

export const statementQuery = z.strictObject({
  before: z.exactOptional(
    wholeNumber(1, Number.MAX_SAFE_INTEGER).describe(
      'Only entries older than the one with this id: the `next` of the page before.',
    ),
  ),
  limit: wholeNumber(1, STATEMENT_PAGE_MAX).default(STATEMENT_PAGE_MAX).describe('Entries of the page.'),
})
