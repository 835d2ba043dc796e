/** The one place where an object of the drops is found by its name. */
import type { ClaimLaneApi, DirectoryApi, DropApi } from '../ports.ts'

/** Asking for a drop that was never made leaves nothing behind. */
export function dropOf(env: Env, dropId: string): DropApi {
  return env.DROP.getByName(dropId)
}

export function directoryOf(env: Env): DirectoryApi {
  return env.DROP_DIRECTORY.getByName('drops')
}

/** One of the lanes that take a drop's claims to Redis: near its visitors, since they are the first to ask for it. */
export function claimLaneOf(env: Env, dropId: string, colo: string, lane: number): ClaimLaneApi {
  return env.CLAIM_LANE.getByName(`${dropId}:${colo}:${lane}`)
}

/** The drop of the lane with this name; a drop's id has no colon. */
export function dropIdOfLane(name: string): string {
  return name.slice(0, name.indexOf(':'))
}
