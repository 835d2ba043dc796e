/** What one drop is, and the only way in which that changes: it is written first, and memory follows. */
import type { EpochMs } from '../../core/time.ts'
import type { KnownDrop, PlanChange } from '../core/changes.ts'
import { codeOf, RANDOM_BYTES_OF_A_CODE } from '../core/codes.ts'
import type { DropPlan } from '../core/records.ts'
import type { DropHost } from './drop-host.ts'
import { DropStorage, type KeptDrop } from './drop-storage.ts'

const CODES_OF_A_CHUNK = 1_000

type BookHost = Pick<DropHost, 'dropId' | 'database' | 'nowMs' | 'randomBytes'>

export class DropBook {
  readonly #host: BookHost
  readonly #rows: DropStorage
  #drop: KeptDrop | null

  constructor(host: BookHost) {
    this.#host = host
    this.#rows = new DropStorage(host.database)
    this.#drop = this.#rows.load(host.dropId)
  }

  /** Null for a drop that was never made. */
  get drop(): KeptDrop | null {
    return this.#drop
  }

  /** @throws Error when there is no drop */
  get plan(): DropPlan {
    if (this.#drop === null) throw new Error('there is no drop')
    return this.#drop.plan
  }

  known(): KnownDrop | null {
    if (this.#drop === null) return null
    const { plan, codes } = this.#drop
    return { plan, codes, has: (some) => this.#rows.knownCodes(some) }
  }

  codesAfter(position: number, limit: number): readonly string[] {
    return this.#rows.codesAfter(position, limit)
  }

  /** Writes a plan with its codes; from then on the issuer's store is owed it. */
  write({ plan, codes, add, generate }: PlanChange): void {
    const nowMs = this.#host.nowMs()
    const { version = 0, suppliedVersion = 0, createdAtMs = nowMs, checkDueAtMs = null } = this.#drop ?? {}
    const generated = Array.from({ length: Math.ceil(generate / CODES_OF_A_CHUNK) }, (_, chunk) =>
      this.#generate(Math.min(CODES_OF_A_CHUNK, generate - chunk * CODES_OF_A_CHUNK)),
    )
    const drop = { plan, codes, version: version + 1, suppliedVersion, checkDueAtMs, createdAtMs }
    this.#save(drop, [...add, ...generated.flat()])
  }

  /** See IssuerTools.nextGeneration. @throws Error when there is no drop */
  nextGeneration(): DropPlan {
    const { generation, epoch } = this.plan
    this.#change({ plan: { ...this.plan, generation: generation + 1, epoch: epoch + 1 } })
    return this.plan
  }

  /** The issuer's store follows the plan of this version. */
  supplied(version: number): void {
    this.#change({ suppliedVersion: version })
  }

  /** When the stores are compared next; null: not before the next claim. */
  checkAt(checkDueAtMs: EpochMs | null): void {
    if (this.#drop?.checkDueAtMs !== checkDueAtMs) this.#change({ checkDueAtMs })
  }

  #generate(count: number): string[] {
    const bytes = this.#host.randomBytes(count * RANDOM_BYTES_OF_A_CODE)
    return Array.from({ length: count }, (_, index) =>
      codeOf(bytes.subarray(index * RANDOM_BYTES_OF_A_CODE, (index + 1) * RANDOM_BYTES_OF_A_CODE)),
    )
  }

  #change(change: Partial<KeptDrop>): void {
    if (this.#drop !== null) this.#save({ ...this.#drop, ...change }, [])
  }

  #save(drop: KeptDrop, newCodes: readonly string[]): void {
    this.#rows.save(drop, newCodes)
    this.#drop = drop
  }
}

/** Whether the issuer's store does not follow the plan yet. */
export function isOwed({ version, suppliedVersion }: KeptDrop): boolean {
  return suppliedVersion < version
}
