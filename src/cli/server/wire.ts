/** The part of the HTTP contract that the commands read. What else an answer holds is passed on as it came. */
import * as z from 'zod'
import { CliFailure, EXIT } from '../exit.ts'

const count = z.int().nonnegative()

export const problemSchema = z.looseObject({
  code: z.string(),
  detail: z.string(),
  errors: z.exactOptional(z.array(z.looseObject({ pointer: z.string(), detail: z.string() }))),
  eventStatus: z.exactOptional(z.string()),
})

export const eventSchema = z.looseObject({
  eventId: z.string(),
  name: z.string(),
  status: z.string(),
  capacity: count,
  admitPerMinute: count.nullable(),
  waiting: count,
  present: count,
  admitted: count,
  streams: count,
  joinedTotal: count,
  admittedTotal: count,
  holding: z.boolean(),
})
export type Event = z.infer<typeof eventSchema>

export const eventListSchema = z.looseObject({ events: z.array(eventSchema) })

export const publicStatusSchema = z.looseObject({
  etaSeconds: z.object({ low: z.number(), high: z.number() }).nullable(),
})

export const healthSchema = z.looseObject({ status: z.string(), checks: z.record(z.string(), z.string()) })

export const jwksSchema = z.looseObject({ keys: z.array(z.looseObject({ kid: z.string() })) })

/** @throws CliFailure when the server speaks otherwise than the contract. */
export function expectedAs<S extends z.ZodType>(schema: S, body: unknown): z.infer<S> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const path = parsed.error.issues[0]?.path.join('.') || 'the answer'
  throw new CliFailure(
    EXIT.failed,
    'not-usher',
    `the server answered something else than the contract says (${path}); is --url right, and Usher as new as this program?`,
  )
}
