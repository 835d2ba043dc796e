/** The bodies of the dead letters' endpoints. */
import * as z from 'zod'
import { responseSchemas } from '../../http/schemas/named.ts'
import { wholeNumber } from '../../http/schemas/whole-number.ts'

const time = z.iso.datetime()

const webhookBody = z
  .object({
    id: z.string(),
    type: z.string(),
    createdAt: time,
    data: z.looseObject({ eventId: z.string() }),
  })
  .register(responseSchemas, { id: 'Webhook' })

export const deadLetterView = z
  .object({
    id: z.string(),
    number: z.int().positive(),
    eventId: z.string(),
    cause: z.string(),
    diedAt: time,
    replayedAt: time.nullable(),
    webhook: webhookBody,
  })
  .register(responseSchemas, { id: 'DeadLetter' })

export const deadLetterList = z
  .object({ deadLetters: z.array(deadLetterView) })
  .register(responseSchemas, { id: 'DeadLetterList' })

export const deadLettersQuery = z.strictObject({
  before: z.exactOptional(
    wholeNumber(1, Number.MAX_SAFE_INTEGER).describe('Only those before this `number`.'),
  ),
})
