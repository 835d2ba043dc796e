import type { EpochMs } from '../core/time.ts'
import type { Config } from '../config.ts'
import type { Log } from '../observability/log.ts'
import type { AuditApi } from '../ports/audit.ts'
import type { IdempotencyApi } from '../ports/idempotency.ts'
import type { LineApi } from '../ports/lines.ts'
import type { RegistryApi } from '../ports/registry.ts'
import type { SharedDocuments } from '../ports/shared-documents.ts'
import type { EntryTokens, OperatorSessions, VisitorTokens } from '../ports/tokens.ts'
import type { DeadLettersApi } from '../outbound/dead-letters-api.ts'
import type { DropPorts } from '../drops/ports.ts'
import type { PurchasePorts } from '../purchase/ports.ts'
import type { StaticFiles } from './static-files.ts'

/** The binding of a rate limit: answers whether this key may go on. */
export interface RateLimiter {
  limit(request: { key: string }): Promise<{ success: boolean }>
}

/** What the gateway talks to; the composition root (src/worker.ts) supplies it. */
export type GatewayDeps = {
  readonly config: Config
  readonly line: (eventId: string) => LineApi
  readonly registry: RegistryApi
  readonly idempotency: IdempotencyApi
  readonly audit: AuditApi
  readonly entryTokens: EntryTokens
  readonly visitorTokens: VisitorTokens
  readonly operatorSessions: OperatorSessions
  readonly purchase: PurchasePorts
  readonly drops: DropPorts
  readonly deadLetters: DeadLettersApi
  /** Looked at only when the configuration turns limits on. */
  readonly limiters: { readonly join: RateLimiter; readonly session: RateLimiter }
  readonly staticFiles: StaticFiles
  readonly sharedDocuments: SharedDocuments
  /** Resolves when Redis answers. */
  readonly pingStore: () => Promise<void>
  /** Has the work come to its end, whether or not the client stays for the answer. */
  readonly outlive: (work: Promise<unknown>) => void
  readonly log: Log
  readonly nowMs: () => EpochMs
}

/** How many lines are asked at once on behalf of one request. */
export const FAN_OUT_WIDTH = 32
