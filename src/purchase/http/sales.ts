/** How the sale of an event stands, for operators. */
import * as z from 'zod'
import { ok } from '../../core/result.ts'
import { endpoint } from '../../http/endpoint.ts'
import { json } from '../../http/reply.ts'
import { responseSchemas } from '../../http/schemas/named.ts'
import { ERRAND_KINDS, PAYMENT_METHODS, PAYMENT_STATES } from '../core/records.ts'
import type { SaleFigures } from '../ports.ts'

const count = z.int().nonnegative()

const saleFigures = z.object({
  eventId: z.string(),
  seats: z.object({ free: count, held: count, sold: count }),
  payments: z.record(z.enum(PAYMENT_METHODS), z.record(z.enum(PAYMENT_STATES), count)),
  oldestStuckAt: z.iso.datetime().nullable(),
  owed: z.record(z.enum(ERRAND_KINDS), count),
}) satisfies z.ZodType<SaleFigures>
saleFigures.register(responseSchemas, { id: 'SaleFigures' })

export const saleEndpoints = [
  endpoint({
    method: 'GET',
    path: '/api/v1/admin/events/{eventId}/sale',
    auth: 'operator',
    tag: 'Operators',
    summary: 'How the sale stands: seats and payments by state, and what is owed to others.',
    responses: { 200: { description: 'All zero where no seats are sold.', schema: saleFigures } },
    async handler({ purchase, params }) {
      return ok(json(200, await purchase.office(params.eventId).figures()))
    },
  }),
]
