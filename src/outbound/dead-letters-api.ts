/** What is asked of the dead letters. DeadLetters implements it; calls go over RPC. */
import type { Result } from '../core/result.ts'
import type { WebhookMessage, WebhookSourceApi } from './message.ts'

/** Webhooks that the shop did not take. */
export interface DeadLettersApi extends WebhookSourceApi {
  /** The same message again takes the place of the earlier one. */
  keep(message: WebhookMessage, cause: string): Promise<void>
  /** The newest first; `before`: a letter's number, null for the newest of all. */
  list(before: number | null, limit: number): Promise<DeadLetter[]>
  /** How many there are. */
  count(): Promise<number>
  /** Gives it to the queue once more; it stays here until it has been delivered. May be repeated. */
  replay(id: string): Promise<Result<DeadLetter, { readonly reason: 'dead-letter-not-found' }>>
}

export type DeadLetter = {
  /** Of the webhook: what the shop knows it by. */
  readonly id: string
  /** Grows with each that is kept: for paging. */
  readonly number: number
  readonly eventId: string
  /** The JSON of the webhook's body. */
  readonly body: string
  readonly cause: string
  readonly diedAt: string
  /** Null: nobody has replayed it since it died. */
  readonly replayedAt: string | null
}
