/**
 * Tells the line of sales. One call is under way at a time, and the next has all that were made meanwhile: in a rush the
 * line makes one decision of many sales, and when there is none nobody waits.
 */

/** How many in one call: what the line decides in a few milliseconds. */
const TOGETHER_MAX = 100

export type CompletionsTools = {
  /** Answers for each admission, in their order, null or why the line could not end it. Rejects when it did not hear. */
  readonly tell: (admissionIds: readonly string[]) => Promise<readonly (string | null)[]>
}

type Sale = {
  readonly admissionId: string
  readonly resolve: () => void
  readonly reject: (e: Error) => void
}

export class Completions {
  readonly #tools: CompletionsTools
  #untold: Sale[] = []
  #isTelling = false

  constructor(tools: CompletionsTools) {
    this.#tools = tools
  }

  /** Resolves when the line knows. Rejects when it does not: whoever still owes it tells it again. */
  complete(admissionId: string): Promise<void> {
    const told = new Promise<void>((resolve, reject) => {
      this.#untold.push({ admissionId, resolve, reject })
    })
    if (!this.#isTelling) void this.#tell()
    return told
  }

  async #tell(): Promise<void> {
    this.#isTelling = true
    while (this.#untold.length > 0) {
      const sales = this.#untold.slice(0, TOGETHER_MAX)
      this.#untold = this.#untold.slice(TOGETHER_MAX)
      try {
        const refusals = await this.#tools.tell(sales.map(({ admissionId }) => admissionId))
        for (const [index, { resolve, reject }] of sales.entries()) {
          const refusal = refusals[index]
          if (refusal === null) resolve()
          else reject(new Error(`the line answers ${refusal}`))
        }
      } catch (error) {
        for (const { reject } of sales) reject(new Error(`the line has not heard: ${String(error)}`))
      }
    }
    this.#isTelling = false
  }
}
