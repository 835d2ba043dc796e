/**
 * Openings of one shard, one call to the line at a time: what comes while one is under way goes with the next. A line whose
 * visitors all come back at once then writes their presence together, and not with a commit for each.
 */
import { OPENINGS_OF_A_CALL_MAX } from '../core/limits.ts'
import type { LineResult } from '../ports/lines.ts'
import type { RemoteOpened, RemoteOpening } from '../ports/stream-shards.ts'

type Answer = LineResult<RemoteOpened>
type Pending = {
  readonly request: RemoteOpening
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

export class OpeningCalls {
  readonly #ask: (requests: readonly RemoteOpening[]) => Promise<readonly Answer[]>
  #pending: Pending[] = []
  #isAsking = false

  /** `ask`: one answer for each request, in their order; it has to settle. */
  constructor(ask: (requests: readonly RemoteOpening[]) => Promise<readonly Answer[]>) {
    this.#ask = ask
  }

  /** Rejects as the call does in which it went, or behind which it waited. */
  open(request: RemoteOpening): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ request, resolve, reject })
      if (!this.#isAsking) void this.#askAll()
    })
  }

  async #askAll(): Promise<void> {
    this.#isAsking = true
    while (this.#pending.length > 0) {
      const some = this.#pending.splice(0, OPENINGS_OF_A_CALL_MAX)
      try {
        const answers = await this.#ask(some.map(({ request }) => request))
        for (const [index, { resolve, reject }] of some.entries()) {
          const answer = answers[index]
          if (answer === undefined) reject(new Error('the line left an opening without an answer'))
          else resolve(answer)
        }
      } catch (error) {
        // The line is away or slow: whoever waits behind this call would wait as long once more.
        for (const { reject } of [...some, ...this.#pending.splice(0)]) reject(error)
      }
    }
    this.#isAsking = false
  }
}
