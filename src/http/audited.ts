/**
 * An operator's act: written down before it is done, and how it ended before it is answered. Policy when the log cannot
 * be written: docs/adr/0021-audit-before-the-act.md.
 */
import { withTimeout } from '../bounded.ts'
import type { FieldChange } from '../core/console-views.ts'
import { eventIdOfAdmission } from '../core/ids.ts'
import { err } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import { errorFields } from '../observability/log.ts'
import type { AuditAction, AuditEnding, AuditFacts } from '../ports/audit.ts'
import { Overloaded } from '../ports/overloaded.ts'
import { clientAddressOf } from './client-address.ts'
import type { AnyCall, Caller, Endpoint } from './endpoint.ts'
import type { Failure } from './failure.ts'
import type { GatewayDeps } from './gateway-deps.ts'
import { PROBLEMS } from './problem-catalog.ts'

/** An operator waits for it; the object answers within tens of milliseconds or is in trouble. */
const AUDIT_TIMEOUT_MS = 3_000

type AuditDeps = Pick<GatewayDeps, 'audit' | 'log'>

/** Carries out an endpoint's handler between the two entries; without an action of its own just the handler. */
export async function runAudited(endpoint: Endpoint, call: AnyCall): Promise<Result<Response, Failure>> {
  if (endpoint.audit === undefined) return endpoint.handler(call)
  const facts = factsOf(endpoint.audit, call)
  const entryId = await writeEntry(call, facts, null)
  if (entryId === null && endpoint.isBrake !== true) return err({ reason: 'store-unavailable' })
  const changes: FieldChange[] = []
  const end = async (ending: Omit<AuditEnding, 'changes'>): Promise<void> => {
    if (entryId !== null) await settleEntry(call, entryId, { ...ending, changes })
  }
  try {
    const result = await endpoint.handler({ ...call, recordChanges: (made) => void changes.push(...made) })
    await end(result.ok ? { outcome: 'done', problem: null } : endingOf(result.error.reason))
    return result
  } catch (error) {
    await end(endingOf(error instanceof Overloaded ? 'overloaded' : 'internal-error'))
    throw error
  }
}

/** Who asks for what, about what. */
export function factsOf(
  action: AuditAction,
  call: Pick<AnyCall, 'request' | 'requestId'> & {
    readonly caller: Caller
    readonly params: Readonly<Record<string, string>>
  },
): AuditFacts {
  const { eventId, poolId = null, admissionId = null, userId = null } = call.params
  return {
    operator: operatorOf(call.caller),
    address: clientAddressOf(call.request.headers),
    requestId: call.requestId,
    action,
    eventId: eventId ?? (admissionId === null ? null : eventIdOfAdmission(admissionId)),
    poolId,
    admissionId,
    userId,
  }
}

/** The id of the entry; null when it could not be written, which the structured log then says. */
export async function writeEntry(
  { audit, log }: AuditDeps,
  facts: AuditFacts,
  ending: AuditEnding | null,
): Promise<string | null> {
  try {
    return await withTimeout(audit.write(facts, ending), AUDIT_TIMEOUT_MS)
  } catch (error) {
    const { operator, ...rest } = facts
    const who = { operatorKind: operator.kind, operatorName: operator.name }
    log.error('audit_unwritten', { ...rest, ...who, outcome: ending?.outcome ?? null, ...errorFields(error) })
    return null
  }
}

async function settleEntry(
  { audit, log, requestId }: AuditDeps & Pick<AnyCall, 'requestId'>,
  entryId: string,
  ending: AuditEnding,
): Promise<void> {
  try {
    await withTimeout(audit.settle(entryId, ending), AUDIT_TIMEOUT_MS)
  } catch (error) {
    const { outcome, problem } = ending
    log.error('audit_unfinished', { entryId, requestId, outcome, problem, ...errorFields(error) })
  }
}

/** What a server's fault leaves behind is not known for certain; a refusal has changed nothing. */
function endingOf(problem: Failure['reason']): Omit<AuditEnding, 'changes'> {
  return { outcome: PROBLEMS[problem].status >= 500 ? 'failed' : 'refused', problem }
}

function operatorOf(caller: Caller): AuditFacts['operator'] {
  if (caller?.kind === 'visitor') return { kind: 'token', name: caller.userId }
  if (caller?.kind !== 'operator') return { kind: 'nobody', name: '' }
  return { kind: caller.session === null ? 'key' : 'session', name: caller.name }
}
