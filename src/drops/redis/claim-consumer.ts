/**
 * What the queues hand over. Claims of one drop are recorded in one statement, and each message is settled for itself: one
 * that fails must not bring back the others of its batch. The drop's object hears of it after the fact, so a crash in
 * between records once more, which changes nothing.
 *
 * What nobody hears of is given to the queue again from the outbox. So the queue's own attempts are for claims that cannot
 * be recorded while others can; while the records are away, a claim that has used them up is left to the outbox.
 */
import { withTimeout } from '../../bounded.ts'
import { errorFields } from '../../observability/log.ts'
import type { Log } from '../../observability/log.ts'
import type { QueuedMessage } from '../../outbound/consumer.ts'
import { RECORD_ATTEMPTS_MAX, RECORDS_TIMEOUT_MS } from '../core/limits.ts'
import type { ClaimReceipt, ClaimRecords } from '../ports.ts'
import { claimMessage, type ClaimMessage } from './claim-message.ts'

export type ClaimConsumerDeps = {
  readonly records: ClaimRecords
  /** Tells a drop's object. */
  readonly heard: (dropId: string, receipts: readonly ClaimReceipt[]) => Promise<void>
  readonly log: Log
}

type Parcel = { readonly queued: QueuedMessage; readonly claim: ClaimMessage }

const FIRST_PAUSE_SECONDS = 1
const LONGEST_PAUSE_SECONDS = 60

/** Records a batch. Never rejects. */
export async function recordClaims(
  messages: readonly QueuedMessage[],
  deps: ClaimConsumerDeps,
): Promise<void> {
  const parcels = parcelsOf(messages, deps)
  // A statement is of one drop and one generation.
  const groups = Map.groupBy(parcels, ({ claim }) => `${claim.dropId} ${claim.generation}`)
  await Promise.all(Array.from(groups.values(), (group) => recordGroup(group, deps)))
}

/** Claims that could not be recorded in any attempt: their drop keeps them until an operator says otherwise. Never rejects. */
export async function keepFailedClaims(
  messages: readonly QueuedMessage[],
  deps: ClaimConsumerDeps,
): Promise<void> {
  const drops = Map.groupBy(parcelsOf(messages, deps), ({ claim }) => claim.dropId)
  await Promise.all(
    Array.from(drops, async ([dropId, parcels]) => {
      try {
        await deps.heard(
          dropId,
          parcels.map(({ claim }) => ({ ...claim, outcome: 'failed' as const })),
        )
        deps.log.error('claims_failed', { dropId, claims: parcels.length })
        for (const { queued } of parcels) queued.ack()
      } catch (error) {
        deps.log.warn('failed_claims_unkept', { dropId, ...errorFields(error) })
        for (const { queued } of parcels) queued.retry({ delaySeconds: pauseSeconds(queued.attempts) })
      }
    }),
  )
}

function parcelsOf(messages: readonly QueuedMessage[], { log }: ClaimConsumerDeps): Parcel[] {
  return messages.flatMap((queued): Parcel[] => {
    const parsed = claimMessage.safeParse(queued.body)
    if (parsed.success) return [{ queued, claim: parsed.data }]
    // Of another version: its claim is still owed, and comes again from the outbox.
    log.error('claim_unreadable')
    queued.ack()
    return []
  })
}

async function recordGroup(parcels: readonly Parcel[], deps: ClaimConsumerDeps): Promise<void> {
  const receipts: ClaimReceipt[] = []
  try {
    await recordOrHalve(parcels, receipts, deps)
  } catch (error) {
    // The records are away.
    deps.log.warn('claims_unrecorded', { claims: parcels.length, ...errorFields(error) })
    const open = new Set(receipts.map(({ userId }) => userId))
    for (const { queued, claim } of parcels) {
      if (open.has(claim.userId)) continue
      if (queued.attempts < RECORD_ATTEMPTS_MAX) queued.retry({ delaySeconds: pauseSeconds(queued.attempts) })
      else queued.ack()
    }
  }
  await tell(receipts, parcels, deps)
}

/** Halves what fails, until what is wrong with it stands alone. Rejects when the records do not answer at all. */
async function recordOrHalve(
  parcels: readonly Parcel[],
  receipts: ClaimReceipt[],
  deps: ClaimConsumerDeps,
): Promise<void> {
  const [first] = parcels
  if (first === undefined) return
  const { dropId, generation } = first.claim
  const { records, log } = deps
  const claims = parcels.map(({ claim }) => claim)
  try {
    const outcomes = await withTimeout(records.insert(dropId, generation, claims), RECORDS_TIMEOUT_MS)
    for (const [index, { queued, claim }] of parcels.entries()) {
      const outcome = outcomes[index]
      if (outcome === undefined) throw new Error('the records answer for fewer claims than they were given')
      receipts.push({ ...claim, outcome })
      queued.ack()
    }
    return
  } catch (error) {
    await withTimeout(records.ping(), RECORDS_TIMEOUT_MS)
    log.warn('claims_refused', { dropId, claims: parcels.length, ...errorFields(error) })
  }
  if (parcels.length === 1) {
    first.queued.retry({ delaySeconds: pauseSeconds(first.queued.attempts) })
    return
  }
  const middle = parcels.length >>> 1
  await recordOrHalve(parcels.slice(0, middle), receipts, deps)
  await recordOrHalve(parcels.slice(middle), receipts, deps)
}

/** A word that is lost means that the claims are recorded once more. */
async function tell(
  receipts: readonly ClaimReceipt[],
  [first]: readonly Parcel[],
  { heard, log }: ClaimConsumerDeps,
): Promise<void> {
  if (first === undefined || receipts.length === 0) return
  const { dropId } = first.claim
  try {
    await heard(dropId, receipts)
  } catch (error) {
    log.warn('claim_receipts_lost', { dropId, claims: receipts.length, ...errorFields(error) })
  }
}

function pauseSeconds(attempts: number): number {
  return Math.min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** Math.max(0, attempts - 1))
}
