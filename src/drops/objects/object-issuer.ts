/**
 * The strategy `object`: the drop's own object issues. A look and a claim are one synchronous block, the row is durable
 * before the answer leaves, and the same row is what the records are still to be told.
 */
import { windowAt } from '../core/standing.ts'
import { RECORDS_TIMEOUT_MS } from '../core/limits.ts'
import type {
  Claim,
  ClaimCounts,
  ClaimFound,
  ClaimOutcome,
  ClaimRecord,
  DropPlan,
  Reconciled,
} from '../core/records.ts'
import type { EpochMs } from '../../core/time.ts'
import type { ClaimIssuer, IssuerTools } from '../ports.ts'
import type { Turns } from '../../durable/turns.ts'
import { ClaimRows, type PlacedClaim } from './claim-rows.ts'
import { ClaimWriter } from './claim-writer.ts'

/** Records of one page of a comparison. */
const PAGE_ROWS = 1_000

export class ObjectIssuer implements ClaimIssuer {
  readonly #tools: IssuerTools
  readonly #turns: Pick<Turns, 'turn'> | null
  readonly #rows: ClaimRows
  readonly #writer: ClaimWriter
  #taken: number

  /** @param turns makes claims that come in a rush wait for each other, so that they are written together; null: none waits */
  constructor(tools: IssuerTools, turns: Pick<Turns, 'turn'> | null = null) {
    this.#tools = tools
    this.#turns = turns
    this.#rows = new ClaimRows(tools.database)
    this.#writer = new ClaimWriter(tools, this.#rows)
    this.#taken = this.#rows.taken()
  }

  async supply(): Promise<void> {
    // Plan and codes are this object's own rows.
  }

  async claim(userId: string): Promise<ClaimOutcome> {
    await this.#turns?.turn()
    const plan = this.#tools.plan()
    const nowMs = this.#tools.nowMs()
    const refusal = this.#refusal(plan, nowMs)
    const taken = refusal === null ? this.#take(userId, nowMs) : null
    if (taken !== null) return { kind: 'claimed', claim: taken, isNew: true }
    const known = this.#rows.ofVisitor(userId)
    if (known !== null) return { kind: 'claimed', claim: issued(known), isNew: false }
    if (refusal === null) throw new Error('a claim was neither made nor found')
    return refusal
  }

  async claimOf(userId: string): Promise<ClaimFound> {
    const known = this.#rows.ofVisitor(userId)
    return known === null ? { kind: 'none' } : { kind: 'found', claim: issued(known) }
  }

  async counts(): Promise<ClaimCounts> {
    const { stock } = this.#tools.plan()
    const { all, failed } = this.#rows.asideCounts()
    const pending = this.#taken - this.#rows.recordedPosition() + all
    return { stock, issued: this.#taken - pending, pending, failed, remaining: stock - this.#taken }
  }

  async claimants(): Promise<readonly string[]> {
    return this.#rows.claimants()
  }

  drain(nowMs: EpochMs): Promise<EpochMs | null> {
    return this.#writer.drain(nowMs)
  }

  async heard(): Promise<void> {
    // Nothing of it goes through a queue.
  }

  async retryFailed(): Promise<number> {
    const retried = this.#rows.retryFailed(this.#tools.nowMs())
    if (retried > 0) this.#tools.wakeSoon()
    return retried
  }

  async reconcile(repair: boolean): Promise<Reconciled> {
    // What is recorded while the pages are read is not looked for in them.
    const recorded = this.#rows.recordedPosition()
    const aside = this.#rows.setAsidePositions()
    const isRecorded = ({ position }: PlacedClaim): boolean => position <= recorded && !aside.has(position)
    const missing: PlacedClaim[] = []
    let extra = 0
    for (let after: string | null = ''; after !== null;) {
      const page: readonly ClaimRecord[] = await this.#page(after)
      const last: string | null = page.length < PAGE_ROWS ? null : (page.at(-1)?.userId ?? null)
      const claims = this.#rows.between(after, last)
      const codes = new Map(page.map(({ userId, code }) => [userId, code]))
      for (const claim of claims) {
        const code = codes.get(claim.userId)
        if (code === claim.code) codes.delete(claim.userId)
        else if (isRecorded(claim)) missing.push(claim)
      }
      extra += codes.size
      after = last
    }
    if (repair && missing.length > 0) {
      this.#rows.setAside(missing, 0, this.#tools.nowMs())
      this.#tools.wakeSoon()
    }
    return { counts: await this.counts(), missing: missing.length, extra }
  }

  /** Why nobody gets a new claim now; null when the next one does. */
  #refusal({ stock, epoch, opensAtMs, closesAtMs }: DropPlan, nowMs: EpochMs): ClaimOutcome | null {
    switch (windowAt({ opensAtMs, closesAtMs }, nowMs)) {
      case 'before':
        return { kind: 'not-open', opensAtMs: opensAtMs ?? nowMs }
      case 'after':
        return { kind: 'closed' }
      case 'within':
        return this.#taken < stock ? null : { kind: 'sold-out', epoch }
    }
  }

  /** The next code; null for a visitor who has a claim. */
  #take(userId: string, nowMs: EpochMs): Claim | null {
    const code = this.#rows.take(this.#taken + 1, userId, nowMs)
    if (code === null) return null
    this.#taken += 1
    this.#tools.wakeSoon()
    return { state: 'issued', code, claimedAtMs: nowMs }
  }

  #page(afterUserId: string): Promise<readonly ClaimRecord[]> {
    const { records, dropId, within } = this.#tools
    return within(RECORDS_TIMEOUT_MS, records.page(dropId, afterUserId, PAGE_ROWS))
  }
}

function issued({ code, claimedAtMs }: PlacedClaim): Claim {
  return { state: 'issued', code, claimedAtMs }
}
