/** Who did what. AuditLog implements it; calls go over RPC. */
import type { FieldChange } from '../core/console-views.ts'

/** `key`: the bearer; `session`: the cookie; `token`: a JWT whose role is ADMIN; `nobody`: a refused sign-in. */
export const OPERATOR_KINDS = ['key', 'session', 'token', 'nobody'] as const

export const AUDIT_ACTIONS = [
  'event.put',
  'event.patch',
  'event.delete',
  'event.open',
  'event.pause',
  'event.resume',
  'event.close',
  'event.sold-out',
  'event.export',
  'pool.put',
  'admission.revoke',
  'visitor.remove',
  'seats.put',
  'payment.resolve',
  'drop.put',
  'drop.reconcile',
  'drop.retry',
  'drop.export',
  'webhook.replay',
  'session.start',
  'session.end',
] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

/** `failed`: an error; what was asked may have been done. `unknown`: begun, and the outcome was never written. */
export const AUDIT_OUTCOMES = ['done', 'refused', 'failed', 'unknown'] as const
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number]

/** What is known before the act. */
export type AuditFacts = {
  readonly operator: { readonly kind: (typeof OPERATOR_KINDS)[number]; readonly name: string }
  /** As the rate limits count it: an IPv6 address by its /64. */
  readonly address: string
  readonly requestId: string
  readonly action: AuditAction
  readonly eventId: string | null
  readonly poolId: string | null
  readonly admissionId: string | null
  readonly userId: string | null
}

/** What is known after it. */
export type AuditEnding = {
  readonly outcome: Exclude<AuditOutcome, 'unknown'>
  /** The code of the problem that was answered; null when it is done. */
  readonly problem: string | null
  readonly changes: readonly FieldChange[]
}

export type AuditEntry = AuditFacts & {
  /** Grows with time: the cursor. */
  readonly entryId: string
  /** ISO 8601. */
  readonly at: string
  readonly outcome: AuditOutcome
  readonly problem: string | null
  readonly changes: readonly FieldChange[]
}

export type AuditPage = { readonly entries: readonly AuditEntry[]; readonly next: string | null }

/**
 * Policy when it does not answer: an operator's act is refused, and not done (docs/adr/0021-audit-before-the-act.md).
 */
export interface AuditApi {
  /** Writes an entry and answers its id once it is durable. `ending` null: the outcome is told later by `settle`. */
  write(facts: AuditFacts, ending: AuditEnding | null): Promise<string>
  /** Says how it ended. Safe to repeat. */
  settle(entryId: string, ending: AuditEnding): Promise<void>
  /** Newest first: of one event or of all, older than `before`. */
  page(query: { eventId: string | null; before: string | null; limit: number }): Promise<AuditPage>
}
