/** The part of the HTTP contract that the crowd reads, checked as it comes in. */
import { z } from 'zod'

const epochMs = z.iso.datetime().transform((text) => Date.parse(text))

export const sessionSchema = z.object({ userId: z.string(), token: z.string() })

export const placeSchema = z.object({
  state: z.enum(['WAITING', 'ADMITTED', 'COMPLETED', 'EXPIRED', 'LEFT']),
  position: z.int().positive().nullable(),
  joinNumber: z.int().positive().optional(),
  entryToken: z.string().nullable(),
})

export const admissionSchema = z.object({
  state: z.enum(['admitted', 'redeemed', 'ended']),
  admittedAt: epochMs,
  leaseExpiresAt: epochMs,
  outcome: z.string().nullable(),
})
export type Admission = z.infer<typeof admissionSchema>

export const eventStatusSchema = z.object({
  status: z.string(),
  capacity: z.int(),
  waiting: z.int(),
  admitted: z.int(),
})
export type EventStatus = z.infer<typeof eventStatusSchema>

/** The data of a stream's messages, by their `type`. Unknown types are for other clients. */
export const frameSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('QUEUE_POSITION'), position: z.int().positive().nullable() }),
  z.object({
    type: z.literal('PROMOTED'),
    admissionId: z.string(),
    entryToken: z.string(),
    expiresAt: epochMs,
  }),
  z.object({ type: z.literal('HEARTBEAT') }),
  z.object({ type: z.literal('EVENT_STATUS'), status: z.string() }),
  z.object({ type: z.literal('END'), reason: z.string() }),
])
export type Frame = z.infer<typeof frameSchema>
export type Promotion = Extract<Frame, { type: 'PROMOTED' }>

export const problemSchema = z.object({ code: z.string() })
