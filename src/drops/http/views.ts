/** What is shown of drops and claims. */
import { isoTime, isoTimeOrNull } from '../../core/time.ts'
import { sha256Base64Url } from '../../http/digest.ts'
import type { Claim, DropPlan } from '../core/records.ts'
import type { DropDetail, Standing } from '../ports.ts'

/** 132 bits of the digest: nobody's claim has another's id, and nobody can tell the visitor from it. */
const CLAIM_ID_CHARS = 22

/** For ever the same for a visitor and a drop, whatever issued the claim. */
export function claimIdOf(dropId: string, userId: string): string {
  return sha256Base64Url(`${dropId}\n${userId}`).slice(0, CLAIM_ID_CHARS)
}

export function claimView(dropId: string, userId: string, { claimedAtMs, ...claim }: Claim): object {
  return { claimId: claimIdOf(dropId, userId), dropId, ...claim, claimedAt: isoTime(claimedAtMs) }
}

export function statusView({ plan, status, remaining }: Standing): object {
  const { dropId, name, eventId } = plan
  return { dropId, name, status, remaining, ...windowView(plan), eventId }
}

export function detailView({ plan, status, counts, codes, createdAtMs }: DropDetail): object {
  const { dropId, epoch } = plan
  return { dropId, ...settingsOf(plan), status, codes, ...counts, epoch, createdAt: isoTime(createdAtMs) }
}

/** What an operator sets. */
export function settingsOf(plan: DropPlan): object {
  const { name, strategy, eventId, stock } = plan
  return { name, strategy, eventId, ...windowView(plan), stock }
}

function windowView({ opensAtMs, closesAtMs }: DropPlan): object {
  return { opensAt: isoTimeOrNull(opensAtMs), closesAt: isoTimeOrNull(closesAtMs) }
}
