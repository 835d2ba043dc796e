/** Outgoing webhooks as the Worker mounts them: the queues' consumer, and the dead letters. */
import { parseConfig } from '../config.ts'
import { objectCaller } from '../object-caller.ts'
import { log } from '../observability/log.ts'
import { deliverBatch, keepDead } from './consumer.ts'
import type { ConsumerDeps } from './consumer.ts'
import type { DeadLettersApi } from './dead-letters-api.ts'
import type { WebhookSource, WebhookSourceApi } from './message.ts'

export { DeadLetters } from './dead-letters.ts'

/** As in wrangler.toml. */
const DEAD_QUEUE = 'usher-webhooks-dead'

/** Who keeps the news of an event, by the kind of source. */
export type WebhookSources = Readonly<
  Record<Exclude<WebhookSource['kind'], 'dead-letters'>, (eventId: string) => WebhookSourceApi>
>

/** @throws Error when the deployment is misconfigured: the queue keeps the messages until it has been repaired. */
export async function consumeQueue(batch: MessageBatch, env: Env, sources: WebhookSources): Promise<void> {
  const config = parseConfig(env)
  if (!config.ok) throw new Error('misconfigured')
  const deadLetters = deadLettersClient(env)
  const deps: ConsumerDeps = {
    config: config.value.webhooks,
    fetch: (url, init) => fetch(url, init),
    source: ({ kind, eventId }) => (kind === 'dead-letters' ? deadLetters : sources[kind](eventId)),
    deadLetters,
    log,
    nowMs: () => Date.now(),
  }
  const consume = batch.queue === DEAD_QUEUE ? keepDead : deliverBatch
  await consume(batch.messages, deps)
}

/** All of it may be repeated. */
export function deadLettersClient(env: Env): DeadLettersApi {
  const ask = objectCaller(() => env.DEAD_LETTERS.getByName('dead-letters') as DeadLettersApi)
  return {
    keep: (message, cause) => ask('repeat', (letters) => letters.keep(message, cause)),
    list: (before, limit) => ask('repeat', (letters) => letters.list(before, limit)),
    count: () => ask('repeat', (letters) => letters.count()),
    replay: (id) => ask('repeat', (letters) => letters.replay(id)),
    webhooksHeard: (receipts) => ask('repeat', (letters) => letters.webhooksHeard(receipts)),
  }
}
