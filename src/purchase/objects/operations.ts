/**
 * Operations of one office, each carried out once: the first answer is a row beside what it answers, and the same
 * operation again gets it. What failed changed nothing and is not kept.
 */
import { err, ok, type Result } from '../../core/result.ts'
import type { EpochMs } from '../../core/time.ts'
import type { Kept, OperationFailure, OperationName } from '../../ports/idempotency.ts'
import { OPERATION_KEPT_MS } from '../core/limits.ts'
import type { OperationRecord } from '../core/records.ts'
import type { OfficeRows } from './office-host.ts'

export type OperationsLink = {
  readonly rows: Pick<OfficeRows, 'operation'>
  /** Whether there are rows at all. */
  readonly isPlanned: () => boolean
  readonly nowMs: () => EpochMs
  readonly save: (operation: OperationRecord) => void
}

export class Operations {
  readonly #link: OperationsLink
  /** Begun and not answered yet, with the hashes of their requests. An object that dies forgets them, and may begin anew. */
  readonly #underWay = new Map<string, string>()

  constructor(link: OperationsLink) {
    this.#link = link
  }

  /** What was answered before, or why nothing can be; null: nothing was. */
  earlier<T>({ operationId, requestHash }: OperationName): Result<Kept<T>, OperationFailure> | null {
    const running = this.#underWay.get(operationId)
    const known = running === undefined ? this.#known(operationId) : null
    const hash = running ?? known?.requestHash
    if (hash !== undefined && hash !== requestHash) return err({ reason: 'idempotency-key-reused' })
    if (running !== undefined) return err({ reason: 'request-in-progress' })
    // The same request: its answer is of the type that it asks for.
    return known === null ? null : ok({ answer: JSON.parse(known.answer) as T, isReplay: true })
  }

  /** The row that keeps an answer. */
  record({ operationId, requestHash }: OperationName, answer: unknown): OperationRecord {
    return { operationId, requestHash, answer: JSON.stringify(answer), atMs: this.#link.nowMs() }
  }

  /** Carries the operation out unless it has been, or is being. */
  async once<T, E>(
    name: OperationName,
    work: () => Promise<Result<T, E>>,
  ): Promise<Result<Kept<T>, E | OperationFailure>> {
    const earlier = this.earlier<T>(name)
    if (earlier !== null) return earlier
    this.#underWay.set(name.operationId, name.requestHash)
    try {
      const result = await work()
      if (!result.ok) return result
      this.#link.save(this.record(name, result.value))
      return ok({ answer: result.value, isReplay: false })
    } finally {
      this.#underWay.delete(name.operationId)
    }
  }

  #known(operationId: string): OperationRecord | null {
    const { rows, isPlanned, nowMs } = this.#link
    return isPlanned() ? rows.operation(operationId, nowMs() - OPERATION_KEPT_MS) : null
  }
}
