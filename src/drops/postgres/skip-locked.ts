/**
 * The strategy `skip-locked`: PostgreSQL issues and records in one statement, so nothing is ever on its way to the records.
 * Several statements at once lock other coupons instead of waiting for the first one's.
 */
import { CODES_OF_A_LOAD, LAST_COUPONS_MS, STOCK_TIMEOUT_MS } from '../core/limits.ts'
import type { ClaimCounts, ClaimFound, ClaimOutcome, DropPlan, Reconciled } from '../core/records.ts'
import type { ClaimIssuer, IssuerTools } from '../ports.ts'
import { issuedClaim, RETRY } from './claim-answers.ts'
import { ClaimGroups } from './claim-groups.ts'
import type { Parameter, PostgresPool } from './pool.ts'
import { SharedRead } from './shared-read.ts'
import * as statements from './statements.ts'

const AGAIN_MS = 5

type Counted = { readonly stocks: number; readonly issued: number; readonly remaining: number }
type Compared = { readonly unrecorded: number; readonly unmarked: number; readonly extra: number }

export class SkipLockedIssuer implements ClaimIssuer {
  readonly #pool: PostgresPool
  readonly #tools: IssuerTools
  readonly #claims: ClaimGroups
  readonly #counting: SharedRead<Counted>

  constructor(pool: PostgresPool, tools: IssuerTools) {
    this.#pool = pool
    this.#tools = tools
    this.#claims = new ClaimGroups(pool, tools)
    this.#counting = new SharedRead(() => this.#count())
  }

  async claim(userId: string): Promise<ClaimOutcome> {
    const deadlineMs = performance.now() + LAST_COUPONS_MS
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#claims.claim(userId)
      if (outcome !== 'again') return outcome
      if (performance.now() >= deadlineMs) return RETRY
      await pause(AGAIN_MS * attempt)
    }
  }

  async claimOf(userId: string): Promise<ClaimFound> {
    const record = await this.#tools.records.claimOf(this.#dropId, userId)
    return record === null
      ? { kind: 'none' }
      : { kind: 'found', claim: issuedClaim(record.code, record.claimedAtMs) }
  }

  async supply(plan: DropPlan): Promise<void> {
    await this.#load(plan)
    await this.#open(plan)
  }

  async counts(): Promise<ClaimCounts> {
    const { issued, remaining } = await this.#counting.ask()
    return { stock: this.#tools.plan().stock, issued, pending: 0, failed: 0, remaining }
  }

  async claimants(): Promise<readonly string[]> {
    const rows = await this.#rows<{ user_id: string }>(statements.CLAIMANTS, [this.#dropId])
    return rows.map(({ user_id: userId }) => userId)
  }

  /** Nothing is ever due: a claim is recorded by the statement that makes it. */
  drain(): Promise<null> {
    return Promise.resolve(null)
  }

  heard(): Promise<void> {
    return Promise.resolve()
  }

  retryFailed(): Promise<number> {
    return Promise.resolve(0)
  }

  async reconcile(repair: boolean): Promise<Reconciled> {
    const plan = this.#tools.plan()
    const compared = await this.#one<Compared>(statements.COMPARE, [this.#dropId])
    if (compared === null) throw new Error('a sum without a row')
    const { coupons } = await this.#extent()
    const missing = compared.unrecorded + compared.unmarked + Math.max(0, plan.stock - coupons)
    const { stocks } = await this.#count()
    // A database that has lost the drop has lost its claims: their codes must not be issued a second time.
    if (repair && missing > 0 && stocks > 0) await this.#mend(plan)
    return { counts: await this.counts(), missing, extra: compared.extra }
  }

  async #mend(plan: DropPlan): Promise<void> {
    await this.#load(plan)
    await this.#rows(statements.MARK_COUPONS, [this.#dropId])
    await this.#rows(statements.RECORD_COUPONS, [this.#dropId])
    // Whoever was told in this epoch that nothing is left, or is remembered as one without a claim, asks again.
    await this.#open(this.#tools.nextGeneration())
  }

  async #open({ dropId, opensAtMs, closesAtMs, epoch }: DropPlan): Promise<void> {
    const seen = await this.#one<{ version: number }>(statements.VERSION, [dropId])
    const terms = [dropId, opensAtMs, closesAtMs, epoch, seen?.version ?? 0]
    const opened = await this.#one(statements.OPEN_STOCK, terms)
    if (opened === null) throw new Error('an earlier change of the stock came late')
  }

  /** Adds the coupons that are not there. */
  async #load({ dropId, stock }: DropPlan): Promise<void> {
    const { coupons, last } = await this.#extent()
    if (coupons === stock) return
    // With a gap it starts from the first.
    for (let position = coupons === last ? last : 0; position < stock; position += CODES_OF_A_LOAD) {
      const codes = this.#tools.codesAfter(position, CODES_OF_A_LOAD)
      await this.#rows(statements.ADD_COUPONS, [dropId, position, JSON.stringify(codes)])
    }
    await this.#rows(statements.ANALYZE_COUPONS, [])
  }

  async #extent(): Promise<{ readonly coupons: number; readonly last: number }> {
    const extent = await this.#one<{ coupons: number; last: number }>(statements.EXTENT, [this.#dropId])
    return extent ?? { coupons: 0, last: 0 }
  }

  async #count(): Promise<Counted> {
    const counted = await this.#one<Counted>(statements.COUNT_STOCK, [this.#dropId])
    return counted ?? { stocks: 0, issued: 0, remaining: 0 }
  }

  async #one<Row>(
    statement: string,
    parameters: readonly Parameter[],
    limitMs: number = STOCK_TIMEOUT_MS,
  ): Promise<Row | null> {
    const [row] = await this.#rows<Row>(statement, parameters, limitMs)
    return row ?? null
  }

  #rows<Row>(
    statement: string,
    parameters: readonly Parameter[],
    limitMs: number = STOCK_TIMEOUT_MS,
  ): Promise<Row[]> {
    return this.#pool.rows<Row>(statement, parameters, limitMs)
  }

  get #dropId(): string {
    return this.#tools.dropId
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
