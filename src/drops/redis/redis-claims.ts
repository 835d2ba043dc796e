/** A visitor's wish for a coupon, answered by one script. Of the way of a claim nothing else is part. */
import { errorFields, log } from '../../observability/log.ts'
import type { EpochMs } from '../../core/time.ts'
import { StoreUnavailable } from '../../ports/pool-gate.ts'
import type { ClaimFound, ClaimOutcome, Seen } from '../core/records.ts'
import type { ClaimTaker } from '../ports.ts'
import type { DropGate } from './drop-gate.ts'
import type { SeenDrops } from './seen-drops.ts'

/** A filling takes a second or two; a store that is away is asked again a little later. */
const LOADING_AGAIN_SECONDS = 1
const AWAY_AGAIN_SECONDS = 2

export type RedisClaimsTools = {
  readonly dropId: string
  /** For each call, since a client belongs to one request. */
  readonly gate: () => DropGate
  readonly seen: SeenDrops
  readonly nowMs: () => EpochMs
  /** There is something to drain, or to fill: the drop's object should look. Nobody waits for it. Never throws. */
  readonly wake: () => void
}

export function redisClaims(tools: RedisClaimsTools): ClaimTaker {
  const { dropId, gate, seen, nowMs, wake } = tools
  const wakeNowAndThen = (): void => {
    if (seen.wakes(dropId, nowMs())) wake()
  }
  const asked = async <T extends { readonly kind: string; readonly seen?: Seen }>(
    ask: (gate: DropGate, seen: Seen) => Promise<T>,
  ): Promise<T | Away> => {
    try {
      const reply = await ask(gate(), seen.of(dropId))
      if (reply.seen !== undefined) seen.told(dropId, reply.seen)
      if (reply.kind === 'lost' || seen.owesWake(dropId)) wakeNowAndThen()
      return reply
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      // It may have happened all the same.
      wakeNowAndThen()
      log.warn('drop_store_away', { dropId, ...errorFields(error) })
      return { kind: 'away' }
    }
  }
  return {
    async claim(userId) {
      const reply = await asked((one, known) => one.claim(userId, known))
      if (reply.kind === 'claimed' && reply.isNew) wakeNowAndThen()
      return outcomeOf(reply)
    },
    async claimOf(userId) {
      return foundOf(await asked((one, known) => one.find(userId, known)))
    },
  }
}

type Away = { readonly kind: 'away' }

function outcomeOf(reply: Awaited<ReturnType<DropGate['claim']>> | Away): ClaimOutcome {
  switch (reply.kind) {
    case 'claimed':
      return { kind: 'claimed', claim: reply.claim, isNew: reply.isNew }
    case 'sold-out':
      return { kind: 'sold-out', epoch: reply.epoch }
    case 'early':
      return { kind: 'not-open', opensAtMs: reply.opensAtMs }
    case 'late':
      return { kind: 'closed' }
    case 'loading':
    case 'lost':
    case 'away':
      return retry(reply.kind)
  }
}

function foundOf(reply: Awaited<ReturnType<DropGate['find']>> | Away): ClaimFound {
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

function retry(why: 'loading' | 'lost' | 'away'): { readonly kind: 'retry'; readonly afterSeconds: number } {
  return { kind: 'retry', afterSeconds: why === 'away' ? AWAY_AGAIN_SECONDS : LOADING_AGAIN_SECONDS }
}
