/**
 * Tells the line of sales. One call is under way at a time, and the next has all that were made meanwhile: in a rush the
 * line makes one decision of many sales.
 */
import { GroupedCalls } from '../../grouped-calls.ts'

/** How many in one call: what the line decides in a few milliseconds. */
const TOGETHER_MAX = 100
/** Whoever still owes it tells it again. */
const WAITING_MAX = 10_000
const WAIT_MS = 10_000

export type CompletionsTools = {
  /** Answers for each admission, in their order, null or why the line could not end it. Rejects when it did not hear. */
  readonly tell: (admissionIds: readonly string[]) => Promise<readonly (string | null)[]>
}

export class Completions {
  readonly #calls: GroupedCalls<string, string | null>

  constructor({ tell }: CompletionsTools) {
    this.#calls = new GroupedCalls({
      ask: tell,
      width: 1,
      groupMax: TOGETHER_MAX,
      waitingMax: WAITING_MAX,
      waitMs: WAIT_MS,
      nowMs: () => performance.now(),
    })
  }

  /** Resolves when the line knows. Rejects when it does not: whoever still owes it tells it again. */
  async complete(admissionId: string): Promise<void> {
    const refusal = await this.#calls.ask(admissionId)
    if (refusal !== null) throw new Error(`the line answers ${refusal}`)
  }
}
