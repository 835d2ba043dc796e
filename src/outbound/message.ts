/** What travels through the queue: one piece of news for the shop, and who keeps it until it is delivered. */
import { createHash } from 'node:crypto'
import * as z from 'zod'

export const SOURCE_KINDS = ['line', 'office', 'dead-letters'] as const

const sourceSchema = z.object({
  kind: z.enum(SOURCE_KINDS),
  eventId: z.string().min(1),
})

/** Who is told what became of it: the object that wrote it down, and its event. */
export type WebhookSource = z.output<typeof sourceSchema>

export const webhookMessage = z.object({
  id: z.string().min(1),
  /** How its source finds it. */
  subject: z.string().min(1),
  source: sourceSchema,
  /** To the letter what is sent, each time. */
  body: z.string().min(1),
})
export type WebhookMessage = z.output<typeof webhookMessage>

/** `payload`: the JSON of a Happened. */
export type OwedNews = { readonly subject: string; readonly payload: string }

/** What a source writes down of something that happened. `at`: ISO 8601. */
export type Happened = { readonly type: string; readonly at: string; readonly data: object }

/** What became of a delivery. `quietMs` null: it is over. Otherwise nothing will be heard of it for so long. */
export type Receipt = { readonly subject: string; readonly quietMs: number | null }

/** An object that keeps news until they are delivered. */
export interface WebhookSourceApi {
  webhooksHeard(receipts: readonly Receipt[]): Promise<void>
}

/** The message of a row that a source has written: the same whenever it is made. */
export function messageOf(source: WebhookSource, { subject, payload }: OwedNews): WebhookMessage {
  // Written by a source of ours and by nobody else.
  const { type, at, data } = JSON.parse(payload) as Happened
  const id = webhookId(source.eventId, subject)
  const body = JSON.stringify({ id, type, createdAt: at, data: { eventId: source.eventId, ...data } })
  return { id, subject, source, body }
}

/** 32 hexadecimal digits, for ever the same for what happened. */
function webhookId(eventId: string, subject: string): string {
  return createHash('sha256').update(`${eventId}\n${subject}`).digest('hex').slice(0, 32)
}
