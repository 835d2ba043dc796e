/** The drops as the Worker mounts them: their objects, and the clients through which the gateway asks them. */
import { ok } from '../core/result.ts'
import { inLane } from '../durable-clients.ts'
import { LanesByLine } from '../line-lanes.ts'
import { objectCaller } from '../object-caller.ts'
import { Overloaded } from '../ports/overloaded.ts'
import { DropMemos } from './drop-memos.ts'
import type { ClaimOutcome } from './core/records.ts'
import { claimLaneOf, directoryOf, dropOf } from './objects/objects.ts'
import type { ClaimLaneApi, DirectoryApi, DropApi, DropClient, DropPorts, DropResult } from './ports.ts'

export { ClaimLane } from './objects/claim-lane.ts'
export { DropDirectory } from './objects/drop-directory.ts'
export { DropObject } from './objects/drop-object.ts'
export { consumeClaims, isOfClaims } from './redis/redis-queue.ts'

/** What this isolate has under way of what anybody may ask, and what it knows. */
const lanes = new LanesByLine()
const memos = new DropMemos()

/**
 * Of a drop in one data centre. An object takes about a thousand calls a second, the platform's soft limit; and the fewer
 * lanes there are, the more claims share a call to Redis.
 */
const CLAIM_LANES = 4

/** @param colo the data centre that this isolate is in */
export function dropClients(env: Env, colo: string): DropPorts {
  const lane = Math.floor(Math.random() * CLAIM_LANES)
  return {
    drop: (dropId) => dropClient(env, dropId, () => claimLaneOf(env, dropId, colo, lane)),
    isRefused: (dropId, userId) => memos.isRefused(dropId, userId),
    directory: directoryClient(env),
  }
}

/** Each call may be repeated. Throws Overloaded when too many visitors ask the same drop. */
function dropClient(env: Env, dropId: string, claimLane: () => ClaimLaneApi): DropClient {
  const ask = objectCaller(() => dropOf(env, dropId))
  const askLane = objectCaller(claimLane)
  const claim = <T>(call: (drop: DropApi) => Promise<T>): Promise<T> =>
    inLane(lanes.of(dropId).joins, () => ask('repeat', call))
  const look = <T>(call: (drop: DropApi) => Promise<T>): Promise<T> =>
    inLane(lanes.of(dropId).visits, () => ask('repeat', call))
  const asked = {
    standing: () => look((drop) => drop.standing()),
    claimants: () => look((drop) => drop.claimants()),
  }
  const isClaimedInRedis = async (): Promise<boolean> => {
    const known = await memos.known(dropId, asked)
    return known.ok && known.value.plan.strategy === 'redis-queue'
  }
  const inClaimLane = <T>(call: (lane: ClaimLaneApi) => Promise<T>): Promise<T> =>
    inLane(lanes.of(dropId).visits, () => askLane('repeat', call))
  const claimInRedis = async (userId: string): Promise<DropResult<ClaimOutcome>> => {
    const answer = await inClaimLane((lane) => lane.claim(userId))
    if (answer.ok) return answer
    throw new Overloaded('a lane of claims has too many waiting')
  }
  const changed = async <T>(change: (drop: DropApi) => Promise<T>): Promise<T> => {
    const answer = await ask('repeat', change)
    memos.outdated(dropId)
    return answer
  }
  return {
    put: (request) => changed((drop) => drop.put(request)),
    addCodes: (codes) => changed((drop) => drop.addCodes(codes)),
    known: () => memos.known(dropId, asked),
    shown: () => memos.shown(dropId, asked),
    detail: () => ask('repeat', (drop) => drop.detail()),
    claim: async (userId) => {
      const claimed = (await isClaimedInRedis())
        ? await claimInRedis(userId)
        : await claim((drop) => drop.claim(userId))
      if (claimed.ok) heard(dropId, claimed.value)
      return claimed
    },
    claimOf: async (userId) => {
      if (await isClaimedInRedis()) {
        const found = await inClaimLane((lane) => lane.claimOf(userId))
        if (found.kind !== 'retry') return ok(found)
      }
      // The object knows the records as well.
      return look((drop) => drop.claimOf(userId))
    },
    reconcile: (repair) => ask('repeat', (drop) => drop.reconcile(repair)),
    retryFailed: () => ask('repeat', (drop) => drop.retryFailed()),
    exportPage: (afterUserId) => ask('repeat', (drop) => drop.exportPage(afterUserId)),
  }
}

function heard(dropId: string, outcome: ClaimOutcome): void {
  if (outcome.kind === 'sold-out') memos.soldOut(dropId, outcome.epoch)
  if (outcome.kind === 'claimed' && outcome.isNew) memos.claimed(dropId)
}

function directoryClient(env: Env): DirectoryApi {
  const ask = objectCaller(() => directoryOf(env))
  return {
    add: (dropId) => ask('repeat', (directory) => directory.add(dropId)),
    all: () => ask('repeat', (directory) => directory.all()),
  }
}
