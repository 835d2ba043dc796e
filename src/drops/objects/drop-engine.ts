/**
 * One drop on any host: its plan, the issuer that its strategy has, and the one alarm that brings claims to the records,
 * compares the stores, and tells the event's line how the drop stands. What is done for the issuer is done one at a time.
 */
import { err, ok, type Result } from '../../core/result.ts'
import { isoTime, type EpochMs } from '../../core/time.ts'
import { errorFields, log } from '../../observability/log.ts'
import { addCodes, changeDrop, createDrop, type PlanChange } from '../core/changes.ts'
import { RECORDS_TIMEOUT_MS } from '../core/limits.ts'
import type {
  ClaimFound,
  ClaimOutcome,
  DropPlan,
  PlanFailure,
  PutDrop,
  Reconciled,
  Seen,
  Strategy,
} from '../core/records.ts'
import { addsUp, nextEdgeMs, statusAt } from '../core/standing.ts'
import type {
  ClaimIssuer,
  ClaimReceipt,
  ClaimRecords,
  ClaimsPage,
  DropApi,
  DropDetail,
  DropFailure,
  DropResult,
  IssuerTools,
  PutAnswer,
  Reconciliation,
  Standing,
} from '../ports.ts'
import type { DropNews } from '../../core/drop-news.ts'
import { StoreUnavailable } from '../../ports/pool-gate.ts'
import { DropAlarm } from './drop-alarm.ts'
import { DropBook, isOwed } from './drop-book.ts'
import type { DropHost } from './drop-host.ts'
import type { KeptDrop } from './drop-storage.ts'
import { InTurn } from './in-turn.ts'
import { KnownClaimants } from './known-claimants.ts'

/** Claims of the same second go to the records together. */
const DRAIN_AFTER_MS = 1_000
/** After a claim the stores are compared, once they should agree. */
const CHECK_AFTER_MS = 300_000
/** What somebody outside did not take is tried again. */
const AGAIN_MS = 5_000
/** How long the operator waits until the issuer's store follows the plan. */
const SUPPLY_TIMEOUT_MS = 20_000
const LINE_TIMEOUT_MS = 5_000
const EXPORT_ROWS = 1_000

const NO_DROP = err({ reason: 'drop-not-found' } as const)
const UNAVAILABLE = err({ reason: 'store-unavailable' } as const)

export class DropEngine implements DropApi {
  readonly #host: DropHost
  readonly #book: DropBook
  readonly #alarm: DropAlarm
  readonly #claimants: KnownClaimants
  readonly #turns = new InTurn()
  #issuer: ClaimIssuer | null = null
  #records: ClaimRecords
  /** Claims were made since the comparison under way began. */
  #isChanged = false
  #told: DropNews | null = null

  constructor(host: DropHost) {
    this.#host = host
    this.#records = host.records
    this.#book = new DropBook(host)
    this.#alarm = new DropAlarm(host)
    this.#claimants = new KnownClaimants(() => this.#book.plan)
    // Whatever was under way when the object went away is looked for.
    if (this.#book.drop !== null) this.#alarm.wakeAt(host.nowMs() + DRAIN_AFTER_MS)
  }

  // --- The operator -------------------------------------------------------------------------------------------------

  async put(request: PutDrop): Promise<DropResult<PutAnswer>> {
    const known = this.#book.known()
    const change = known === null ? ok(createDrop(request)) : changeDrop(known, request)
    return this.#change(change)
  }

  async addCodes(codes: readonly string[]): Promise<DropResult<PutAnswer>> {
    const known = this.#book.known()
    return known === null ? NO_DROP : this.#change(addCodes(known, codes))
  }

  async detail(): Promise<DropResult<DropDetail>> {
    return this.#asking(async (issuer, drop) => ok(await this.#detailOf(issuer, drop)))
  }

  async reconcile(repair: boolean): Promise<DropResult<Reconciliation>> {
    return this.#asking(async (issuer) => {
      const found = await this.#turns.take(async () => {
        // Whoever looks asks what is missing, not what is about to be written.
        await issuer.drain(this.#host.nowMs())
        return issuer.reconcile(repair)
      })
      return ok(this.#reconciliationOf(found))
    })
  }

  async retryFailed(): Promise<DropResult<{ readonly retried: number }>> {
    return this.#asking(async (issuer) => ok({ retried: await this.#turns.take(() => issuer.retryFailed()) }))
  }

  async exportPage(afterUserId: string): Promise<DropResult<ClaimsPage>> {
    return this.#asking(async (_issuer, { plan }) => {
      const page = this.#records.page(plan.dropId, afterUserId, EXPORT_ROWS)
      const claims = await this.#host.within(RECORDS_TIMEOUT_MS, page)
      const next = claims.length < EXPORT_ROWS ? null : (claims.at(-1)?.userId ?? null)
      return ok({ claims, next })
    })
  }

  // --- Visitors -----------------------------------------------------------------------------------------------------

  async standing(): Promise<DropResult<Standing>> {
    return this.#asking(async (issuer, { plan }) => ok(await this.#standingOf(issuer, plan)))
  }

  async claim(userId: string): Promise<DropResult<ClaimOutcome>> {
    return this.#asking(async (issuer, drop) => {
      if (drop.suppliedVersion === 0) return ok({ kind: 'retry', afterSeconds: 1 } as const)
      return ok(await issuer.claim(userId))
    })
  }

  async claimOf(userId: string): Promise<DropResult<ClaimFound>> {
    return this.#asking(async (issuer) => ok(await issuer.claimOf(userId)))
  }

  /** Asked by every isolate at once when the last coupon goes. */
  async claimants(): ReturnType<DropApi['claimants']> {
    // An epoch whose codes have not reached the issuer's store yet has not begun there.
    return this.#asking((issuer, drop) =>
      isOwed(drop) ? Promise.resolve(ok(null)) : this.#claimants.of(issuer),
    )
  }

  async wake(seen: Seen): Promise<void> {
    if (this.#book.drop === null) return
    const issuer = this.#issuerNow()
    if (issuer.ok) issuer.value.told?.(seen)
    this.#wakeSoon()
  }

  async claimsHeard(receipts: readonly ClaimReceipt[]): Promise<void> {
    await this.#asking(async (issuer) => ok(await issuer.heard(receipts)))
  }

  // --- The alarm ----------------------------------------------------------------------------------------------------

  /** The host's alarm has rung. Running it twice, late or early changes nothing but delay. Never rejects. */
  async alarm(): Promise<void> {
    if (this.#book.drop === null) return
    try {
      await this.#alarm.rung((nowMs) => this.#run(nowMs))
    } catch (error) {
      log.error('drop_run_failed', { dropId: this.#host.dropId, ...errorFields(error) })
    }
  }

  /** Everything that is due. Answers when the next is; null: the object may sleep. */
  async #run(nowMs: EpochMs): Promise<EpochMs | null> {
    const issuer = this.#issuerNow()
    // A deployment without the strategy: another one may have it again.
    if (!issuer.ok) return nowMs + CHECK_AFTER_MS
    const isSupplied = await this.#supplied(issuer.value)
    const drainMs = isSupplied ? await this.#turns.take(() => issuer.value.drain(nowMs)) : nowMs + AGAIN_MS
    await this.#check(issuer.value, nowMs)
    const isTold = await this.#tell(issuer.value)
    const wishes = [
      drainMs,
      this.#book.drop?.checkDueAtMs ?? null,
      nextEdgeMs(this.#book.plan, nowMs),
      isTold ? null : nowMs + AGAIN_MS,
    ]
    const nextMs = Math.min(...wishes.map((atMs) => atMs ?? Infinity))
    return nextMs === Infinity ? null : nextMs
  }

  /** Compares the stores some time after claims were made, and has repaired what is missing. */
  async #check(issuer: ClaimIssuer, nowMs: EpochMs): Promise<void> {
    const dueAtMs = this.#book.drop?.checkDueAtMs ?? null
    if (dueAtMs === null || dueAtMs > nowMs) return
    const { dropId } = this.#host
    // First, so that one that fails or dies is followed by another.
    this.#book.checkAt(nowMs + CHECK_AFTER_MS)
    this.#isChanged = false
    try {
      const { missing, extra, counts } = await this.#turns.take(() => issuer.reconcile(true))
      if (missing + extra > 0 || !addsUp(counts))
        log.error('drop_inconsistent', { dropId, missing, extra, ...counts })
      if (missing === 0 && !this.#isChanged) this.#book.checkAt(null)
    } catch (error) {
      log.warn('drop_unchecked', { dropId, ...errorFields(error) })
    }
  }

  /** False: the event's line has to be told still. */
  async #tell(issuer: ClaimIssuer): Promise<boolean> {
    const { dropId, tellLine, within } = this.#host
    const { eventId } = this.#book.plan
    if (eventId === null) return true
    try {
      const { plan, status } = await this.#standingOf(issuer, this.#book.plan)
      const { epoch } = plan
      if (this.#told?.status === status && this.#told.epoch === epoch) return true
      const news = { dropId, status, epoch, atMs: this.#host.nowMs() }
      // Whatever becomes of it: a call that was given up may arrive after the next one.
      this.#told = null
      await within(LINE_TIMEOUT_MS, tellLine(eventId, news))
      this.#told = news
      return true
    } catch (error) {
      log.warn('drop_untold', { dropId, ...errorFields(error) })
      return false
    }
  }

  /** Whether the issuer's store follows the plan as it is now. */
  async #supplied(issuer: ClaimIssuer): Promise<boolean> {
    return this.#turns.take(async () => {
      try {
        for (let { drop } = this.#book; drop !== null && isOwed(drop); drop = this.#book.drop) {
          await issuer.supply(drop.plan)
          this.#book.supplied(drop.version)
        }
        return true
      } catch (error) {
        log.warn('drop_not_supplied', { dropId: this.#host.dropId, ...errorFields(error) })
        return false
      }
    })
  }

  // --- The plan -----------------------------------------------------------------------------------------------------

  async #change(decided: Result<PlanChange, PlanFailure>): Promise<DropResult<PutAnswer>> {
    if (!decided.ok) return decided
    const { plan } = decided.value
    const found = this.#host.issuer(plan.strategy)
    if (!found.ok) return unavailable(plan.strategy, found.error.missing)
    const before = this.#book.drop?.plan ?? null
    if (decided.value.isChanged) {
      this.#book.write(decided.value)
      this.#alarm.wakeAt(this.#host.nowMs())
    }
    return this.#asking(async (issuer, drop) => {
      const isSupplied = await this.#host.within(SUPPLY_TIMEOUT_MS, this.#supplied(issuer))
      // It is written, and the alarm goes on with it; asked again, it is as it was asked for.
      if (!isSupplied) return UNAVAILABLE
      return ok({ created: before === null, before, detail: await this.#detailOf(issuer, drop) })
    })
  }

  // --- The issuer ---------------------------------------------------------------------------------------------------

  /** A store that does not answer is a value here: whoever asked may ask again. */
  async #asking<T>(
    ask: (issuer: ClaimIssuer, drop: KeptDrop) => Promise<DropResult<T>>,
  ): Promise<DropResult<T>> {
    const { drop } = this.#book
    if (drop === null) return NO_DROP
    const issuer = this.#issuerNow()
    if (!issuer.ok) return issuer
    try {
      return await ask(issuer.value, drop)
    } catch (error) {
      const { dropId } = this.#host
      if (error instanceof StoreUnavailable) log.warn('drop_store_away', { dropId, ...errorFields(error) })
      else log.error('drop_call_failed', { dropId, ...errorFields(error) })
      return UNAVAILABLE
    }
  }

  /** A drop keeps its strategy, so it has one issuer. */
  #issuerNow(): Result<ClaimIssuer, DropFailure> {
    if (this.#issuer !== null) return ok(this.#issuer)
    const { strategy } = this.#book.plan
    const found = this.#host.issuer(strategy)
    if (!found.ok) return unavailable(strategy, found.error.missing)
    this.#records = found.records ?? this.#records
    this.#issuer = found.value(this.#tools())
    return ok(this.#issuer)
  }

  #tools(): IssuerTools {
    const { dropId, database, nowMs, within } = this.#host
    return {
      dropId,
      plan: () => this.#book.plan,
      codesAfter: (position, limit) => this.#book.codesAfter(position, limit),
      database,
      records: this.#records,
      nowMs,
      within,
      nextGeneration: () => this.#book.nextGeneration(),
      wakeSoon: () => this.#wakeSoon(),
    }
  }

  async #standingOf(issuer: ClaimIssuer, plan: DropPlan): Promise<Standing> {
    const { remaining } = await issuer.counts()
    return { plan, remaining, status: statusAt(plan, remaining, this.#host.nowMs()) }
  }

  async #detailOf(issuer: ClaimIssuer, { plan, codes, createdAtMs }: KeptDrop): Promise<DropDetail> {
    const counts = await issuer.counts()
    const { remaining } = counts
    return {
      plan,
      remaining,
      status: statusAt(plan, remaining, this.#host.nowMs()),
      counts,
      codes,
      createdAtMs,
    }
  }

  #reconciliationOf({ counts, missing, extra }: Reconciled): Reconciliation {
    const consistent = missing === 0 && extra === 0 && addsUp(counts)
    return { ...counts, consistent, missing, extra, checkedAt: isoTime(this.#host.nowMs()) }
  }

  /** Claims were made: in the block that writes them, if they are written here. */
  #wakeSoon(): void {
    const nowMs = this.#host.nowMs()
    this.#isChanged = true
    if (this.#book.drop?.checkDueAtMs === null) this.#book.checkAt(nowMs + CHECK_AFTER_MS)
    this.#alarm.wakeAt(nowMs + DRAIN_AFTER_MS)
  }
}

function unavailable(strategy: Strategy, missing: string): Result<never, DropFailure> {
  return err({ reason: 'drop-strategy-unavailable', strategy, missing })
}
