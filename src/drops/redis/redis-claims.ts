/** Visitors' wishes for coupons, answered by one script. Whatever fails, fails for all of a call, and may be asked again. */
import { errorFields, log } from '../../observability/log.ts'
import type { EpochMs } from '../../core/time.ts'
import { StoreUnavailable } from '../../ports/pool-gate.ts'
import type { ClaimFound, ClaimOutcome, Seen } from '../core/records.ts'
import type { DropGate } from './drop-gate.ts'
import type { FoundReply } from './replies.ts'
import type { SeenDrop } from './seen-drop.ts'

/** A filling takes a second or two; a store that is away is asked again a little later. */
const LOADING_AGAIN_SECONDS = 1
const AWAY_AGAIN_SECONDS = 2

export type RedisClaimsTools = {
  readonly dropId: string
  readonly gate: DropGate
  readonly seen: SeenDrop
  readonly nowMs: () => EpochMs
  /** There is something to drain, or to fill: the drop's object should look. Nobody waits for it. Never throws. */
  readonly wake: () => void
}

type Away = { readonly kind: 'away' }
type Unanswered = 'loading' | 'lost' | 'away'

export class RedisClaims {
  readonly #tools: RedisClaimsTools

  constructor(tools: RedisClaimsTools) {
    this.#tools = tools
  }

  /** One outcome for each visitor, in their order; `retry` for all of them when Redis cannot say, or did not. */
  async claim(userIds: readonly string[]): Promise<readonly ClaimOutcome[]> {
    const reply = await this.#asked((gate, seen) => gate.claim(userIds, seen))
    if (reply.kind !== 'answers') return userIds.map(() => retry(reply.kind))
    if (reply.answers.some((answer) => answer.kind === 'claimed' && answer.isNew)) this.#wakeNowAndThen()
    return reply.answers
  }

  /** As ClaimTaker.claimOf. */
  async claimOf(userId: string): Promise<ClaimFound> {
    return foundOf(await this.#asked((gate, seen) => gate.find(userId, seen)))
  }

  async #asked<T extends { readonly kind: string; readonly seen?: Seen }>(
    ask: (gate: DropGate, seen: Seen) => Promise<T>,
  ): Promise<T | Away> {
    const { dropId, gate, seen } = this.#tools
    try {
      const reply = await ask(gate, seen.seen)
      if (reply.seen !== undefined) seen.told(reply.seen)
      if (reply.kind === 'lost' || seen.owesWake) this.#wakeNowAndThen()
      return reply
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      // It may have happened all the same.
      this.#wakeNowAndThen()
      log.warn('drop_store_away', { dropId, ...errorFields(error) })
      return { kind: 'away' }
    }
  }

  #wakeNowAndThen(): void {
    const { seen, nowMs, wake } = this.#tools
    if (seen.wakes(nowMs())) wake()
  }
}

function foundOf(reply: FoundReply | Away): ClaimFound {
  switch (reply.kind) {
    case 'claimed':
      return { kind: 'found', claim: reply.claim }
    case 'none':
      return { kind: 'none' }
    case 'loading':
    case 'lost':
    case 'away':
      return retry(reply.kind)
  }
}

function retry(why: Unanswered): { readonly kind: 'retry'; readonly afterSeconds: number } {
  return { kind: 'retry', afterSeconds: why === 'away' ? AWAY_AGAIN_SECONDS : LOADING_AGAIN_SECONDS }
}
