/** The drops as the Worker mounts them: their objects, and the clients through which the gateway asks them. */
import type { Config } from '../config.ts'
import { ok } from '../core/result.ts'
import { inLane } from '../durable-clients.ts'
import { LanesByLine } from '../line-lanes.ts'
import { objectCaller } from '../object-caller.ts'
import { DropMemos } from './drop-memos.ts'
import type { ClaimOutcome } from './core/records.ts'
import { directoryOf, dropOf } from './objects/objects.ts'
import type { ClaimTaker, DirectoryApi, DropApi, DropClient, DropPorts } from './ports.ts'
import { directClaims } from './redis/redis-queue.ts'

export { DropDirectory } from './objects/drop-directory.ts'
export { DropObject } from './objects/drop-object.ts'
export { consumeClaims, isOfClaims } from './redis/redis-queue.ts'

/** What this isolate has under way of what anybody may ask, and what it knows. */
const lanes = new LanesByLine()
const memos = new DropMemos()

export function dropClients(env: Env, config: Pick<Config, 'redis'>): DropPorts {
  return {
    drop: (dropId) => dropClient(env, config, dropId),
    isRefused: (dropId, userId) => memos.isRefused(dropId, userId),
    directory: directoryClient(env),
  }
}

/** Each call may be repeated. Throws Overloaded when too many visitors ask the same drop. */
function dropClient(env: Env, config: Pick<Config, 'redis'>, dropId: string): DropClient {
  const ask = objectCaller(() => dropOf(env, dropId))
  const claim = <T>(call: (drop: DropApi) => Promise<T>): Promise<T> =>
    inLane(lanes.of(dropId).joins, () => ask('repeat', call))
  const look = <T>(call: (drop: DropApi) => Promise<T>): Promise<T> =>
    inLane(lanes.of(dropId).visits, () => ask('repeat', call))
  const asked = {
    standing: () => look((drop) => drop.standing()),
    claimants: () => look((drop) => drop.claimants()),
  }
  const direct = async (): Promise<ClaimTaker | null> => {
    const known = await memos.known(dropId, asked)
    const isDirect = known.ok && known.value.plan.strategy === 'redis-queue'
    return isDirect ? directClaims(env, config, dropId) : null
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
      const taker = await direct()
      const claimed =
        taker === null
          ? await claim((drop) => drop.claim(userId))
          : ok(await inLane(lanes.of(dropId).visits, () => taker.claim(userId)))
      if (claimed.ok) heard(dropId, claimed.value)
      return claimed
    },
    claimOf: async (userId) => {
      const taker = await direct()
      const found = taker === null ? null : await inLane(lanes.of(dropId).visits, () => taker.claimOf(userId))
      // The object knows the records as well.
      return found === null || found.kind === 'retry' ? look((drop) => drop.claimOf(userId)) : ok(found)
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
