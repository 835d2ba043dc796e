/**
 * The strategy `redis-queue` as the drop's object hosts it. Claims are taken by a script, from lanes; this fills
 * Redis, hands what is owed to the queue, hears what became of it, and compares Redis with the records.
 */
import { mapBounded } from '../../bounded.ts'
import type { EpochMs } from '../../core/time.ts'
import { errorFields, log } from '../../observability/log.ts'
import { StoreUnavailable } from '../../ports/pool-gate.ts'
import { portionsOf } from '../core/portions.ts'
import { CLAIMS_OF_A_BATCH_MAX, PARKED_MS, RECORDS_TIMEOUT_MS } from '../core/limits.ts'
import type {
  ClaimCounts,
  ClaimFound,
  ClaimOutcome,
  ClaimRecord,
  DropPlan,
  Reconciled,
  Seen,
} from '../core/records.ts'
import { windowAt } from '../core/standing.ts'
import type { ClaimIssuer, ClaimReceipt, IssuerTools } from '../ports.ts'
import { CLAIMS_OF_A_MESSAGE_MAX } from './claim-message.ts'
import type { ClaimMessage } from './claim-message.ts'
import type { DropGate } from './drop-gate.ts'
import { IssuerRows, type FillingState } from './issuer-rows.ts'
import { RedisClaims } from './redis-claims.ts'
import { readRecords, readStored, refill } from './refill.ts'
import type { OutboxReply, StoredClaim } from './replies.ts'
import { SeenDrop } from './seen-drop.ts'

export type RedisIssuerDeps = {
  readonly gate: DropGate
  /** It is in the queue when it resolves. */
  readonly send: (message: ClaimMessage) => Promise<void>
  /** After so long without a word the queue is given a claim once more. */
  readonly resendMs: number
}

const SENDS_AT_ONCE = 5
const LOOKS_AT_ONCE = 5
const QUEUE_TIMEOUT_MS = 5_000
/** Claims of one script call, and calls of one drain: the object has other things to do in between. */
const OUTBOX_ROWS = 1_000
const CALLS_OF_A_DRAIN_MAX = 20
/** When to try again with a store or a queue that takes nothing. */
const AGAIN_MS = 1_000
/** While somebody may claim, a claim that nobody told the object of waits for so long at most. */
const LOOK_EVERY_MS = 60_000

type Outbox = Extract<OutboxReply, { readonly kind: 'outbox' }>

export class RedisIssuer implements ClaimIssuer {
  readonly #tools: IssuerTools
  readonly #deps: RedisIssuerDeps
  readonly #rows: IssuerRows
  readonly #claims: RedisClaims
  #filling: FillingState
  /** Of the last change that Redis was told; only grows. */
  #configVersion = 0

  constructor(tools: IssuerTools, deps: RedisIssuerDeps) {
    this.#tools = tools
    this.#deps = deps
    this.#rows = new IssuerRows(tools.database)
    this.#filling = this.#rows.filling()
    const seen = new SeenDrop()
    this.#claims = new RedisClaims({
      dropId: tools.dropId,
      gate: deps.gate,
      seen,
      nowMs: tools.nowMs,
      wake: () => {
        this.told(seen.seen)
        tools.wakeSoon()
      },
    })
  }

  /** Lanes take the claims of a rush; those that come here are few. */
  async claim(userId: string): Promise<ClaimOutcome> {
    const [outcome] = await this.#claims.claim([userId])
    if (outcome === undefined) throw new Error('a claim was not answered')
    return outcome
  }

  /** While Redis cannot say, whoever is recorded is told so: that is for good. */
  async claimOf(userId: string): Promise<ClaimFound> {
    const found = await this.#claims.claimOf(userId)
    if (found.kind !== 'retry') return found
    const { records, within, dropId } = this.#tools
    const record = await within(RECORDS_TIMEOUT_MS, records.claimOf(dropId, userId))
    if (record === null) return found
    const { code, claimedAtMs } = record
    return { kind: 'found', claim: { state: 'issued', code, claimedAtMs } }
  }

  async supply(plan: DropPlan): Promise<void> {
    if (!this.#filling.isOpen || !(await this.#changed(plan))) await this.#refill()
  }

  async counts(): Promise<ClaimCounts> {
    return this.#countsOf(await this.#look())
  }

  async claimants(): Promise<readonly string[]> {
    const stored = await readStored(this.#deps.gate, this.#filling.generation)
    return stored.map(({ userId }) => userId)
  }

  told({ generation, claimed }: Seen): void {
    const { generation: current, claimed: known } = this.#filling
    if (generation === current && claimed > known) this.#keep({ ...this.#filling, claimed })
  }

  async drain(nowMs: EpochMs): Promise<EpochMs | null> {
    try {
      if (!this.#filling.isOpen) await this.#refill()
      return await this.#handOver(nowMs)
    } catch (error) {
      log.warn('drop_not_drained', { dropId: this.#tools.dropId, ...errorFields(error) })
      return nowMs + AGAIN_MS
    }
  }

  async heard(receipts: readonly ClaimReceipt[]): Promise<void> {
    const { generation } = this.#filling
    const of = (outcome: ClaimReceipt['outcome']) => receipts.filter((receipt) => receipt.outcome === outcome)
    await this.#recorded(of('recorded'))
    // What was refused of an older generation has been owed again since the drop was filled.
    const current = (receipt: ClaimReceipt): boolean => receipt.generation === generation
    if (of('conflict').some(current)) this.#isLost('a record has the code, or another one for the visitor')
    if (of('stale').some(current)) this.#isLost('the records expect a later generation, or know of none')
    await this.#failed(of('failed').filter(current))
  }

  /** A message dies whole, and copies of it late: what of it has been recorded is left alone. */
  async #failed(receipts: readonly ClaimReceipt[]): Promise<void> {
    const found = await mapBounded(receipts, LOOKS_AT_ONCE, ({ userId }) =>
      this.#deps.gate.find(userId, { generation: this.#filling.generation, claimed: 0 }),
    )
    const failed = receipts.filter((_receipt, index) => {
      const reply = found[index]
      return reply?.kind === 'claimed' && reply.claim.state === 'pending'
    })
    if (failed.length === 0) return
    log.error('claims_failed', { dropId: this.#tools.dropId, claims: failed.length })
    const userIds = failed.map(({ userId }) => userId)
    this.#rows.handedOver(failed)
    this.#rows.markFailed(userIds, true)
    await this.#postpone(PARKED_MS, userIds)
  }

  async reconcile(repair: boolean): Promise<Reconciled> {
    if (repair && (await this.#outbox(0)).kind === 'lost') await this.#refill()
    await this.#look()
    const { missing, unknown, unconfirmed } = await this.#compare()
    if (repair) await this.#recorded(unconfirmed)
    if (repair && missing.length > 0) await this.#record(missing)
    if (repair && unknown > 0) await this.#refill()
    const counts = await this.counts()
    return { counts, missing: missing.length + unknown, extra: this.#filling.extra }
  }

  async retryFailed(): Promise<number> {
    const inFlight = this.#rows.inFlight().map(({ userId }) => userId)
    if (inFlight.length === 0) return 0
    // Not only the failed: a word that came late may have parked one of which nothing is known here any more.
    await this.#postpone(0, inFlight)
    const failed = this.#rows.failed()
    this.#rows.markFailed(failed, false)
    this.#tools.wakeSoon()
    return failed.length
  }

  // --- Filling ------------------------------------------------------------------------------------------------------

  async #refill(): Promise<void> {
    const plan = this.#nextAttempt()
    const { dropId } = this.#tools
    const inFlight = this.#rows.inFlight()
    const configVersion = this.#nextConfigVersion()
    const filling = await refill({ ...this.#tools, gate: this.#deps.gate, configVersion }, plan, inFlight)
    const { extra, reassigned, unserved, owed, recorded } = filling
    const owing = new Set(owed.map(({ userId }) => userId))
    this.#rows.over(inFlight.map(({ userId }) => userId).filter((userId) => !owing.has(userId)))
    // Claims may have been made, and told of, since it was opened.
    const claimed = Math.max(recorded.length + owed.length, this.#filling.claimed)
    this.#keep({ generation: plan.generation, isOpen: true, claimed, extra })
    const counts = { recorded: recorded.length, owed: owed.length, reassigned, extra }
    log.info('drop_filled', { dropId, generation: plan.generation, ...counts })
    if (unserved.length > 0) log.error('claims_unserved', { dropId, claims: unserved.length })
    this.#tools.wakeSoon()
  }

  /** Written before anything is asked: an attempt that is cut off is not gone on with. */
  #nextAttempt(): DropPlan {
    const plan = this.#tools.plan()
    const isTried = this.#filling.generation >= plan.generation
    const next = isTried ? this.#tools.nextGeneration() : plan
    this.#keep({ ...this.#filling, generation: next.generation, isOpen: false, claimed: 0 })
    return next
  }

  /** The window, and the codes that Redis does not have yet. False: it was lost. */
  async #changed({ epoch, opensAtMs, closesAtMs }: DropPlan): Promise<boolean> {
    const { extra, generation } = this.#filling
    const configVersion = this.#nextConfigVersion()
    const terms = { generation, epoch, opensAtMs, closesAtMs, configVersion }
    let codes: readonly string[] = []
    let stockBefore = 0
    do {
      const reply = await this.#deps.gate.change({ ...terms, stockBefore, codes })
      if (reply.kind === 'lost') return false
      stockBefore = reply.stock
      codes = this.#tools.codesAfter(stockBefore - extra, OUTBOX_ROWS)
    } while (codes.length > 0)
    return true
  }

  /** Two changes of one millisecond are two changes. */
  #nextConfigVersion(): number {
    this.#configVersion = Math.max(this.#configVersion + 1, this.#tools.nowMs())
    return this.#configVersion
  }

  #isLost(why: string): void {
    if (!this.#filling.isOpen) return
    log.error('drop_lost', { dropId: this.#tools.dropId, generation: this.#filling.generation, why })
    this.#keep({ ...this.#filling, isOpen: false })
    this.#tools.wakeSoon()
  }

  #keep(filling: FillingState): void {
    this.#rows.keepFilling(filling)
    this.#filling = filling
  }

  // --- Handing over -------------------------------------------------------------------------------------------------

  async #handOver(nowMs: EpochMs): Promise<EpochMs | null> {
    for (let call = 0; call < CALLS_OF_A_DRAIN_MAX; call += 1) {
      const outbox = await this.#outbox(OUTBOX_ROWS)
      if (outbox.kind === 'lost') {
        await this.#refill()
        return nowMs
      }
      // What was taken is sent first: it is due again only much later, and a filling would make it void.
      if (outbox.due.length > 0) await this.#sendAll(outbox.due)
      if (this.#isBehind(outbox)) await this.supply(this.#tools.plan())
      else if (outbox.due.length === 0) return this.#nextLookMs(outbox, nowMs)
    }
    return nowMs
  }

  /** Marked in flight before the queue is asked, in Redis by the script that gave them, and here. */
  async #sendAll(due: readonly ClaimRecord[]): Promise<void> {
    const { generation } = this.#filling
    const { dropId, within } = this.#tools
    this.#rows.handedOver(due)
    const portions = portionsOf(due, CLAIMS_OF_A_MESSAGE_MAX)
    try {
      await mapBounded(portions, SENDS_AT_ONCE, (claims) =>
        within(QUEUE_TIMEOUT_MS, this.#deps.send({ dropId, generation, claims })),
      )
    } catch (error) {
      // Some of them may be in the queue: twice is as once.
      await this.#postpone(
        0,
        due.map(({ userId }) => userId),
      )
      throw error
    }
  }

  /**
   * More stock came, or another window, and Redis has lost that since: nothing else would show it. An object that has just
   * started does not know what was said last, so it says it again.
   */
  #isBehind({ stock, configVersion }: Outbox): boolean {
    const isToldNothing = this.#configVersion === 0
    return (
      isToldNothing ||
      configVersion < this.#configVersion ||
      stock - this.#filling.extra < this.#tools.plan().stock
    )
  }

  #nextLookMs({ stock, seen, pending, parked }: Outbox, nowMs: EpochMs): EpochMs | null {
    if (pending > parked) return nowMs + Math.min(this.#deps.resendMs, LOOK_EVERY_MS)
    const mayClaim = seen.claimed < stock && windowAt(this.#tools.plan(), nowMs) === 'within'
    return mayClaim ? nowMs + LOOK_EVERY_MS : null
  }

  async #recorded(receipts: readonly ClaimRecord[]): Promise<void> {
    if (receipts.length === 0) return
    this.#rows.over(receipts.map(({ userId }) => userId))
    for (const portion of portionsOf(receipts, OUTBOX_ROWS)) {
      const reply = await this.#deps.gate.confirm(this.#filling.generation, portion)
      if (reply.kind === 'done' && reply.diverging > 0) this.#isLost('it does not know what is recorded')
    }
  }

  async #postpone(dueAtMs: EpochMs, userIds: readonly string[]): Promise<void> {
    for (const portion of portionsOf(userIds, OUTBOX_ROWS))
      await this.#deps.gate.postpone(this.#filling.generation, dueAtMs, portion)
  }

  // --- Looking ------------------------------------------------------------------------------------------------------

  async #outbox(limit: number): Promise<OutboxReply> {
    const { generation, claimed } = this.#filling
    const outbox = await this.#deps.gate.takeOutbox({ generation, claimed }, this.#deps.resendMs, limit)
    if (outbox.kind === 'outbox') this.told(outbox.seen)
    return outbox
  }

  /** @throws StoreUnavailable while the drop is lost. */
  async #look(): Promise<Outbox> {
    if (this.#filling.isOpen) {
      const outbox = await this.#outbox(0)
      if (outbox.kind === 'outbox' && this.#filling.isOpen) return outbox
      this.#isLost('it is not as it was told last')
    }
    throw new StoreUnavailable('the drop is being filled again')
  }

  #countsOf({ stock, seen, pending, parked }: Outbox): ClaimCounts {
    const { extra } = this.#filling
    const issued = seen.claimed - extra - pending
    return { stock: stock - extra, issued, pending, failed: parked, remaining: stock - seen.claimed }
  }

  // --- Comparing ----------------------------------------------------------------------------------------------------

  /**
   * `missing`: what Redis has as recorded, and the records do not have. `unknown`: how many records Redis does not have.
   * `unconfirmed`: what is recorded, and still owed in Redis: a confirmation was lost, by whomever.
   * Redis is read first, since a record follows its claim and its confirmation follows the record.
   */
  async #compare(): Promise<{
    readonly missing: readonly ClaimRecord[]
    readonly unknown: number
    readonly unconfirmed: readonly ClaimRecord[]
  }> {
    const { gate } = this.#deps
    const { generation } = this.#filling
    const stored = await readStored(gate, generation)
    const recorded = await readRecords(this.#tools)
    const records = new Map(recorded.map((record) => [record.userId, record.code]))
    const missing = stored.filter(
      ({ state, userId, code }) => state === 'recorded' && records.get(userId) !== code,
    )
    const unconfirmed = stored.filter(
      ({ state, userId, code }) => state === 'pending' && records.get(userId) === code,
    )
    const unknown = unknownOf(recorded, stored)
    // Those that were claimed and recorded after Redis was read are in it now.
    const since = unknown.length === 0 ? [] : unknownOf(unknown, await readStored(gate, generation))
    return { missing, unknown: since.length, unconfirmed }
  }

  async #record(missing: readonly ClaimRecord[]): Promise<void> {
    const { records, within, dropId } = this.#tools
    const { generation } = this.#filling
    for (const portion of portionsOf(missing, CLAIMS_OF_A_BATCH_MAX)) {
      const outcomes = await within(RECORDS_TIMEOUT_MS, records.insert(dropId, generation, portion))
      if (outcomes.some((outcome) => outcome !== 'recorded')) this.#isLost('the records have something else')
    }
  }
}

function unknownOf(recorded: readonly ClaimRecord[], stored: readonly StoredClaim[]): ClaimRecord[] {
  const codes = new Map(stored.map(({ userId, code }) => [userId, code]))
  return recorded.filter(({ userId, code }) => codes.get(userId) !== code)
}
