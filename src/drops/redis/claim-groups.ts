/**
 * The claims of one lane: those who come while its earlier calls to Redis are under way go together with the next one. When
 * nobody else comes nobody waits. Nothing is decided or kept here: a lane that goes away leaves claims that are asked again.
 */
import { OVERLOADED } from '../../core/failures.ts'
import { ok } from '../../core/result.ts'
import type { EpochMs } from '../../core/time.ts'
import { GroupedCalls } from '../../grouped-calls.ts'
import { Overloaded } from '../../ports/overloaded.ts'
import { CLAIM_WAIT_MS, CLAIMS_WAITING_MAX } from '../core/limits.ts'
import type { ClaimOutcome } from '../core/records.ts'
import type { LaneAnswer } from '../ports.ts'

/** With one under way, Redis is idle while an answer travels; with more, groups are smaller and there are more to pay for. */
const CALLS_AT_ONCE = 2
/** Half a millisecond of Redis, which serves nobody else meanwhile. */
const CLAIMS_OF_A_CALL_MAX = 100

export type ClaimGroupsTools = {
  /** One outcome for each visitor, in their order. Settles within its own bound of time. */
  readonly claim: (userIds: readonly string[]) => Promise<readonly ClaimOutcome[]>
  readonly nowMs: () => EpochMs
}

export class ClaimGroups {
  readonly #calls: GroupedCalls<string, ClaimOutcome>

  constructor({ claim, nowMs }: ClaimGroupsTools) {
    this.#calls = new GroupedCalls({
      ask: claim,
      width: CALLS_AT_ONCE,
      groupMax: CLAIMS_OF_A_CALL_MAX,
      waitingMax: CLAIMS_WAITING_MAX,
      waitMs: CLAIM_WAIT_MS,
      nowMs,
    })
  }

  /** As ClaimLaneApi.claim. */
  async claim(userId: string): Promise<LaneAnswer> {
    try {
      return ok(await this.#calls.ask(userId))
    } catch (error) {
      if (error instanceof Overloaded) return OVERLOADED
      throw error
    }
  }
}
