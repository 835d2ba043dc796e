/**
 * What the queues hand over. Each message is settled for itself: one that fails must not bring back the others of its
 * batch. A source hears of a delivery after the fact, so a crash in between delivers once more and never not at all.
 */
import { mapBounded } from '../bounded.ts'
import type { EpochMs } from '../core/time.ts'
import { errorFields } from '../observability/log.ts'
import type { Log } from '../observability/log.ts'
import { pauseSeconds } from './backoff.ts'
import { deliver } from './delivery.ts'
import type { WebhookFetch } from './delivery.ts'
import { webhookMessage } from './message.ts'
import type { Receipt, WebhookMessage, WebhookSource, WebhookSourceApi } from './message.ts'
import type { DeadLettersApi } from './dead-letters-api.ts'
import type { WebhookConfig } from './webhook-config.ts'

export type ConsumerDeps = {
  /** Null: there is no shop to tell. */
  readonly config: WebhookConfig | null
  readonly fetch: WebhookFetch
  readonly source: (source: WebhookSource) => WebhookSourceApi
  readonly deadLetters: Pick<DeadLettersApi, 'keep'>
  readonly log: Log
  readonly nowMs: () => EpochMs
}

/** The part of the platform's Message that is used here. */
export type QueuedMessage = {
  readonly body: unknown
  /** From 1. */
  readonly attempts: number
  ack(): void
  retry(options?: { delaySeconds?: number }): void
}

/** As many as a Worker may have waiting for an answer at once. */
const DELIVERIES_AT_ONCE = 6

/** What became of one message; null for what is to be told to nobody. */
type Outcome = { readonly message: WebhookMessage; readonly quietMs: number | null } | null

/** Delivers a batch. Never rejects. */
export async function deliverBatch(messages: readonly QueuedMessage[], deps: ConsumerDeps): Promise<void> {
  const outcomes = await mapBounded(messages, DELIVERIES_AT_ONCE, (message) =>
    settled(message, deps, (parsed) => tryToDeliver(message, parsed, deps)),
  )
  await tellSources(outcomes, deps)
}

/** Keeps what the queue could not get rid of, until an operator says what becomes of it. Never rejects. */
export async function keepDead(messages: readonly QueuedMessage[], deps: ConsumerDeps): Promise<void> {
  const outcomes = await mapBounded(messages, DELIVERIES_AT_ONCE, (message) =>
    settled(message, deps, (parsed) => bury(message, parsed, 'not taken in any attempt', deps)),
  )
  await tellSources(outcomes, deps)
}

/** Whatever goes wrong with a message, the queue is told to bring it again. */
async function settled(
  message: QueuedMessage,
  { log }: ConsumerDeps,
  settle: (parsed: WebhookMessage) => Promise<Outcome>,
): Promise<Outcome> {
  const parsed = webhookMessage.safeParse(message.body)
  if (!parsed.success) {
    // Not of our making, or of another version: repeating it would not make it readable.
    log.error('webhook_unreadable')
    message.ack()
    return null
  }
  try {
    return await settle(parsed.data)
  } catch (error) {
    log.error('webhook_unsettled', { webhookId: parsed.data.id, ...errorFields(error) })
    message.retry({ delaySeconds: pauseSeconds(message.attempts) })
    return null
  }
}

async function tryToDeliver(
  queued: QueuedMessage,
  message: WebhookMessage,
  deps: ConsumerDeps,
): Promise<Outcome> {
  const { config, fetch, log, nowMs } = deps
  if (config === null) return bury(queued, message, 'there is no SHOP_WEBHOOK_URL', deps)
  const delivery = await deliver(fetch, config, message.body, nowMs())
  switch (delivery.kind) {
    case 'delivered':
      queued.ack()
      return { message, quietMs: null }
    case 'gone':
      return bury(queued, message, 'status 410', deps)
    case 'again': {
      const { attempts } = queued
      const delaySeconds = pauseSeconds(attempts, delivery.askedSeconds)
      log.warn('webhook_not_taken', { webhookId: message.id, cause: delivery.cause, attempts, delaySeconds })
      queued.retry({ delaySeconds })
      return { message, quietMs: delaySeconds * 1_000 }
    }
  }
}

async function bury(
  queued: QueuedMessage,
  message: WebhookMessage,
  cause: string,
  { deadLetters, log }: ConsumerDeps,
): Promise<Outcome> {
  await deadLetters.keep(message, cause)
  log.error('webhook_dead', { webhookId: message.id, eventId: message.source.eventId, cause })
  queued.ack()
  // Its row there is the one that was just written anew.
  return message.source.kind === 'dead-letters' ? null : { message, quietMs: null }
}

/** One call for each source. A word that is lost means another delivery of the same id, no more. */
async function tellSources(outcomes: readonly Outcome[], { source, log }: ConsumerDeps): Promise<void> {
  const known = outcomes.filter((outcome) => outcome !== null)
  const bySource = Map.groupBy(known, ({ message }) => `${message.source.kind}:${message.source.eventId}`)
  await Promise.all(
    Array.from(bySource.values(), async (ofSource) => {
      const [first] = ofSource
      if (first === undefined) return
      const receipts = ofSource.map(({ message, quietMs }): Receipt => ({
        subject: message.subject,
        quietMs,
      }))
      try {
        await source(first.message.source).webhooksHeard(receipts)
      } catch (error) {
        log.warn('webhook_receipt_lost', { eventId: first.message.source.eventId, ...errorFields(error) })
      }
    }),
  )
}
