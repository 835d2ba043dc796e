/**
 * Brings claims from the object's rows to the records. A batch that fails is halved until what is wrong with it stands
 * alone: that is set aside, the rest goes on. What is set aside is tried a few times more, and is then an operator's.
 * Nothing counts as recorded before the records have said so, and saying it twice changes nothing.
 */
import { errorFields, log } from '../../observability/log.ts'
import type { EpochMs } from '../../core/time.ts'
import { CLAIMS_OF_A_BATCH_MAX, RECORD_ATTEMPTS_MAX, RECORDS_TIMEOUT_MS } from '../core/limits.ts'
import type { RecordOutcome } from '../core/records.ts'
import type { IssuerTools } from '../ports.ts'
import type { ClaimRows, PlacedClaim, SetAside } from './claim-rows.ts'

/** Claims of one run: the object has other things to do in between. */
const BATCHES_OF_A_RUN_MAX = 20
/** When more than so many of a batch fail although the records answer, the rest of it waits. */
const POISON_OF_A_RUN_MAX = 8
const AGAIN_MS_MIN = 1_000
const AGAIN_MS_MAX = 60_000

export class ClaimWriter {
  readonly #tools: IssuerTools
  readonly #rows: ClaimRows
  /** Under which the records take claims; null: not asked yet. */
  #generation: number | null = null
  #failedRuns = 0

  constructor(tools: IssuerTools, rows: ClaimRows) {
    this.#tools = tools
    this.#rows = rows
  }

  /** See ClaimIssuer.drain. Never rejects. */
  async drain(nowMs: EpochMs): Promise<EpochMs | null> {
    try {
      for (let batch = 0; batch < BATCHES_OF_A_RUN_MAX; batch += 1) if (!(await this.#writeSome(nowMs))) break
      await this.#retry(nowMs)
      this.#failedRuns = 0
    } catch (error) {
      // The records are away. Whoever takes their place may not know the drop.
      this.#generation = null
      this.#failedRuns += 1
      log.warn('claims_unrecorded', { dropId: this.#tools.dropId, ...errorFields(error) })
      return nowMs + againMs(this.#failedRuns)
    }
    if (this.#rows.fresh(1).length > 0) return nowMs
    return this.#rows.nextDueMs()
  }

  /** False: there was nothing to write. */
  async #writeSome(nowMs: EpochMs): Promise<boolean> {
    const batch = this.#rows.fresh(CLAIMS_OF_A_BATCH_MAX)
    if (batch.length === 0) return false
    const poison: PlacedClaim[] = []
    const position = await this.#write(batch, poison)
    if (poison.length > 0)
      log.error('claims_set_aside', { dropId: this.#tools.dropId, claims: poison.length })
    this.#rows.recordedUpTo(position, poison, nowMs + againMs(1))
    return true
  }

  /**
   * Writes them, who are in the order of their positions, and collects those that the records do not take. Answers the
   * position up to which all are one or the other. Rejects when the records are away.
   */
  async #write(batch: readonly PlacedClaim[], poison: PlacedClaim[]): Promise<number> {
    const last = batch.at(-1)?.position ?? 0
    if (await this.#insert(batch, poison)) return last
    if (batch.length === 1) {
      poison.push(...batch)
      return last
    }
    const middle = batch.length >>> 1
    const written = await this.#write(batch.slice(0, middle), poison)
    return poison.length >= POISON_OF_A_RUN_MAX ? written : this.#write(batch.slice(middle), poison)
  }

  /** False: the statement failed, although the records answer. Single claims that they refuse are poison. */
  async #insert(batch: readonly PlacedClaim[], poison: PlacedClaim[]): Promise<boolean> {
    const { dropId, records, within, plan } = this.#tools
    this.#generation ??= await within(RECORDS_TIMEOUT_MS, records.raise(dropId, plan().generation))
    const outcomes = await this.#tryToInsert(batch, this.#generation)
    if (outcomes === null) return false
    // This object issues alone and never starts again from the records: it only has to be told what they expect.
    if (outcomes.includes('stale')) throw new Error('the records expect a later generation')
    poison.push(...batch.filter((_claim, index) => outcomes[index] !== 'recorded'))
    return true
  }

  async #tryToInsert(
    batch: readonly PlacedClaim[],
    generation: number,
  ): Promise<readonly RecordOutcome[] | null> {
    const { dropId, records, within } = this.#tools
    try {
      return await within(RECORDS_TIMEOUT_MS, records.insert(dropId, generation, batch))
    } catch (error) {
      await within(RECORDS_TIMEOUT_MS, records.ping())
      log.warn('claims_refused', { dropId, claims: batch.length, ...errorFields(error) })
      return null
    }
  }

  /** What was set aside, together as far as it goes: most of it is here because the records had lost it. */
  async #retry(nowMs: EpochMs): Promise<void> {
    const due = this.#rows.due(nowMs, CLAIMS_OF_A_BATCH_MAX)
    if (due.length === 0) return
    const poison: PlacedClaim[] = []
    const position = await this.#write(due, poison)
    const failed = new Set(poison.map((claim) => claim.position))
    const tried = due.filter((claim) => claim.position <= position)
    this.#rows.recordedAfterAll(tried.filter((claim) => !failed.has(claim.position)))
    for (const claim of tried) if (failed.has(claim.position)) this.#failedAgain(claim, nowMs)
  }

  #failedAgain(claim: SetAside, nowMs: EpochMs): void {
    const attempts = claim.attempts + 1
    const isOver = attempts >= RECORD_ATTEMPTS_MAX
    if (isOver) log.error('claim_failed', { dropId: this.#tools.dropId, position: claim.position, attempts })
    this.#rows.setAside([claim], attempts, isOver ? null : nowMs + againMs(attempts))
  }
}

function againMs(failures: number): number {
  return Math.min(AGAIN_MS_MAX, AGAIN_MS_MIN * 2 ** (failures - 1))
}
