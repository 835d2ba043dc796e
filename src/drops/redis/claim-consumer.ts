/**
 * What the queues hand over. Claims of one drop are recorded together, whatever messages brought them, and each message is
 * settled for itself: one that has a claim that fails must not bring back the others of its batch. What of it is recorded
 * already is recorded once more then, which changes nothing. The drop's object hears of it after the fact, so a crash in
 * between does no more.
 *
 * What nobody hears of is given to the queue again from the outbox. So the queue's own attempts are for claims that cannot
 * be recorded while others can; while the records are away, a claim that has used them up is left to the outbox.
 */
import { withTimeout } from '../../bounded.ts'
import { errorFields } from '../../observability/log.ts'
import type { Log } from '../../observability/log.ts'
import type { QueuedMessage } from '../../outbound/consumer.ts'
import { CLAIMS_OF_A_BATCH_MAX, RECORD_ATTEMPTS_MAX, RECORDS_TIMEOUT_MS } from '../core/limits.ts'
import { portionsOf } from '../core/portions.ts'
import type { ClaimRecord } from '../core/records.ts'
import type { ClaimReceipt, ClaimRecords } from '../ports.ts'
import { claimMessage, type ClaimMessage } from './claim-message.ts'

export type ClaimConsumerDeps = {
  readonly records: ClaimRecords
  /** Tells a drop's object. */
  readonly heard: (dropId: string, receipts: readonly ClaimReceipt[]) => Promise<void>
  readonly log: Log
}

type Parcel = { readonly queued: QueuedMessage; readonly message: ClaimMessage }
/** Of one drop and one generation. */
type Batch = Omit<ClaimMessage, 'claims'> & { readonly claims: readonly ClaimRecord[] }
/** What became of claims, by what the messages say of them: one that comes twice is two. */
type Receipts = Map<ClaimRecord, ClaimReceipt>

const FIRST_PAUSE_SECONDS = 1
const LONGEST_PAUSE_SECONDS = 60

/** Records a batch. Never rejects. */
export async function recordClaims(
  messages: readonly QueuedMessage[],
  deps: ClaimConsumerDeps,
): Promise<void> {
  const parcels = parcelsOf(messages, deps)
  // A statement is of one drop and one generation.
  const groups = Map.groupBy(parcels, ({ message }) => `${message.dropId} ${message.generation}`)
  await Promise.all(Array.from(groups.values(), (group) => recordGroup(group, deps)))
}

/**
 * Messages with a claim that could not be recorded in any attempt: its drop keeps it until an operator says otherwise, and
 * knows which of them are recorded. Never rejects.
 */
export async function keepFailedClaims(
  messages: readonly QueuedMessage[],
  deps: ClaimConsumerDeps,
): Promise<void> {
  const drops = Map.groupBy(parcelsOf(messages, deps), ({ message }) => message.dropId)
  await Promise.all(
    Array.from(drops, async ([dropId, parcels]) => {
      const receipts = parcels.flatMap(({ message: { generation, claims } }) =>
        claims.map((claim): ClaimReceipt => ({ ...claim, generation, outcome: 'failed' })),
      )
      try {
        await deps.heard(dropId, receipts)
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
    if (parsed.success) return [{ queued, message: parsed.data }]
    // Of another version: its claims are still owed, and come again from the outbox.
    log.error('claim_unreadable')
    queued.ack()
    return []
  })
}

/** @param parcels of one drop and one generation */
async function recordGroup(parcels: readonly Parcel[], deps: ClaimConsumerDeps): Promise<void> {
  const [first] = parcels
  if (first === undefined) return
  const { dropId, generation } = first.message
  const claims = parcels.flatMap(({ message }) => message.claims)
  const receipts: Receipts = new Map()
  let isAway = false
  try {
    for (const portion of portionsOf(claims, CLAIMS_OF_A_BATCH_MAX))
      await recordOrHalve({ dropId, generation, claims: portion }, receipts, deps)
  } catch (error) {
    isAway = true
    deps.log.warn('claims_unrecorded', {
      dropId,
      claims: claims.length - receipts.size,
      ...errorFields(error),
    })
  }
  for (const { queued, message } of parcels) {
    const isSettled = message.claims.every((claim) => receipts.has(claim))
    if (isSettled || (isAway && queued.attempts >= RECORD_ATTEMPTS_MAX)) queued.ack()
    else queued.retry({ delaySeconds: pauseSeconds(queued.attempts) })
  }
  await tell(dropId, [...receipts.values()], deps)
}

/**
 * Halves what fails, until what is wrong with it stands alone; that has no receipt. Rejects when the records do not answer
 * at all.
 */
async function recordOrHalve(
  { dropId, generation, claims }: Batch,
  receipts: Receipts,
  deps: ClaimConsumerDeps,
): Promise<void> {
  const { records, log } = deps
  try {
    const outcomes = await withTimeout(records.insert(dropId, generation, claims), RECORDS_TIMEOUT_MS)
    for (const [index, claim] of claims.entries()) {
      const outcome = outcomes[index]
      if (outcome === undefined) throw new Error('the records answer for fewer claims than they were given')
      receipts.set(claim, { ...claim, generation, outcome })
    }
    return
  } catch (error) {
    await withTimeout(records.ping(), RECORDS_TIMEOUT_MS)
    log.warn('claims_refused', { dropId, claims: claims.length, ...errorFields(error) })
  }
  if (claims.length === 1) return
  const middle = claims.length >>> 1
  await recordOrHalve({ dropId, generation, claims: claims.slice(0, middle) }, receipts, deps)
  await recordOrHalve({ dropId, generation, claims: claims.slice(middle) }, receipts, deps)
}

/** A word that is lost means that the claims are recorded once more. */
async function tell(
  dropId: string,
  receipts: readonly ClaimReceipt[],
  { heard, log }: ClaimConsumerDeps,
): Promise<void> {
  if (receipts.length === 0) return
  try {
    await heard(dropId, receipts)
  } catch (error) {
    log.warn('claim_receipts_lost', { dropId, claims: receipts.length, ...errorFields(error) })
  }
}

function pauseSeconds(attempts: number): number {
  return Math.min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** Math.max(0, attempts - 1))
}
