/** The entry: what the platform calls. */
import { waitUntil } from 'cloudflare:workers'
import { createApp, createMisconfiguredApp } from './app.ts'
import type { App } from './app.ts'
import { parseConfig } from './config.ts'
import type { Config } from './config.ts'
import { auditClient, idempotencyClient, registryClient } from './durable-clients.ts'
import { edgeDocuments } from './edge-documents.ts'
import { STALE_SECONDS_MAX } from './http/progress-documents.ts'
import { LineClient } from './line-client.ts'
import { log } from './observability/log.ts'
import { lineOf } from './durable/objects.ts'
import { consumeQueue, deadLettersClient } from './outbound/outbound.ts'
import { consumeClaims, dropClients, isOfClaims } from './drops/drops.ts'
import { createRedis } from './redis/client.ts'
import { createPoolGate } from './redis/pool-gate.ts'
import { officeNews, purchaseClients } from './purchase/purchase.ts'
import { watchEvents } from './scheduled.ts'
import { createEntryTokens } from './tokens/entry-token.ts'
import { createOperatorSessions } from './tokens/operator-session.ts'
import { createVisitorTokens } from './tokens/visitor-token.ts'

export { AuditLog } from './durable/audit-log.ts'
export { EventLine } from './durable/event-line.ts'
export { EventRegistry } from './durable/event-registry.ts'
export { IdempotencyShard } from './durable/idempotency-shard.ts'
export { JoinShard } from './durable/join-shard.ts'
export { StreamShard } from './durable/stream-shard.ts'
export { DeadLetters } from './outbound/outbound.ts'
export { ClaimLane, DropDirectory, DropObject } from './drops/drops.ts'
export { SeatOffice, WalletShard } from './purchase/purchase.ts'

/** The application of this isolate. The environment of an isolate never changes. */
let app: App | undefined

export default {
  fetch(request, env, ctx) {
    // An isolate stays where it is.
    app ??= build(env, coloOf(request))
    return app.fetch(request, env, ctx)
  },
  async scheduled(controller, env) {
    const deps = {
      registry: registryClient(env),
      line: (eventId: string) => new LineClient(env, eventId),
      log,
    }
    await watchEvents(deps, controller.scheduledTime)
  },
  queue(batch, env) {
    if (isOfClaims(batch)) return consumeClaims(batch, env)
    const sources = {
      line: (eventId: string) => lineOf(env, eventId),
      office: (eventId: string) => officeNews(env, eventId),
    }
    return consumeQueue(batch, env, sources)
  },
} satisfies ExportedHandler<Env>

function build(env: Env, colo: string): App {
  const config = parseConfig(env)
  if (config.ok) return configuredApp(config.value, env, colo)
  const faults = config.error.map(({ variable, fault }) => `${variable} ${fault}`)
  log.error('configuration_refused', { faults })
  return createMisconfiguredApp()
}

function configuredApp(config: Config, env: Env, colo: string): App {
  return createApp({
    config,
    line: (eventId) => new LineClient(env, eventId),
    registry: registryClient(env),
    idempotency: idempotencyClient(env),
    audit: auditClient(env),
    entryTokens: createEntryTokens(config),
    visitorTokens: createVisitorTokens(config),
    operatorSessions: createOperatorSessions(config),
    purchase: purchaseClients(env, config),
    drops: dropClients(env, colo),
    deadLetters: deadLettersClient(env),
    limiters: { join: env.JOIN_LIMIT, session: env.SESSION_LIMIT },
    staticFiles: env.ASSETS,
    sharedDocuments: edgeDocuments(STALE_SECONDS_MAX),
    // A client for each ping: one that is shared would put the calls of several requests into one batch.
    pingStore: () => createPoolGate(createRedis(config.redis)).ping(),
    // What it rejects with is answered; nobody has to hear of it twice.
    outlive: (work) => waitUntil(work.catch(() => null)),
    log,
    nowMs: () => Date.now(),
  })
}

/** The data centre that took the request; there is none where the platform says nothing of it. */
function coloOf({ cf }: Request): string {
  return typeof cf?.['colo'] === 'string' ? cf['colo'] : 'local'
}
