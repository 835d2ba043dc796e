/** The watchdog's comparison of the gate with the ledger: a difference starts the pool's recovery. */
import { poolsOf, type LineState } from '../core/line-state.ts'
import { BATCH_MEMBERS_MAX } from '../core/limits.ts'
import type { AdmissionRecord, PoolKeyText } from '../core/records.ts'
import type { PoolCall, PoolGate, TokenState } from '../ports/pool-gate.ts'
import type { PoolRecovery } from './pool-recovery.ts'

/**
 * Asks the gate for every live admission of the line. A lease that the gate does not know, or knows otherwise, is
 * asserted again; leases of the event that its ledger does not know are dropped with the epoch.
 */
export async function reconcilePools(
  line: LineState,
  gate: PoolGate,
  callFor: (pool: PoolKeyText) => PoolCall,
  recovery: PoolRecovery,
): Promise<void> {
  for (const pool of poolsOf(line)) {
    const settled = settledIn(line, pool)
    // A pool that the line has never used, and does not use now, has nothing to compare.
    if (settled.length === 0 && !line.poolViews.has(pool)) continue
    const wasQuiet = isQuiet(line)
    for (let from = 0; from === 0 || from < settled.length; from += BATCH_MEMBERS_MAX) {
      const admissions = settled.slice(from, from + BATCH_MEMBERS_MAX)
      const reply = await gate.check({
        ...callFor(pool),
        admissionIds: admissions.map(({ admissionId }) => admissionId),
      })
      if (reply.kind === 'lost') {
        recovery.begin(pool)
        break
      }
      const isStrange = admissions.some((admission, index) => !agrees(line, admission, reply.tokens[index]))
      // Whoever was let in while the gate was asked is no stranger.
      const isSame = wasQuiet && isQuiet(line) && settledIn(line, pool).length === settled.length
      const holdsMore = isSame && reply.leases > settled.length
      if (isStrange || holdsMore) recovery.begin(pool, holdsMore)
    }
  }
}

/** Only what the gate has been told everything of can be compared. */
function settledIn(line: LineState, pool: PoolKeyText): AdmissionRecord[] {
  return line.ledger.live().filter((admission) => admission.pool === pool && admission.debt === null)
}

function isQuiet(line: LineState): boolean {
  return line.batch === null && line.ledger.debtCount === 0
}

/** One that changed while the gate was asked is compared the next time. */
function agrees(line: LineState, asked: AdmissionRecord, found: TokenState | undefined): boolean {
  if (line.ledger.get(asked.admissionId) !== asked) return true
  if (found === undefined || found.state === 'unknown') return false
  return found.state === 'redeemed'
    ? found.sessionDigest === asked.sessionDigest
    : asked.sessionDigest === null
}
