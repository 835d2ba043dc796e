/** A crowd of fans who shop at an event that somebody else runs: for pictures and tests of what an operator sees. */
import { setMaxListeners } from 'node:events'
import { Api } from '../src/cli/load/api-client.ts'
import { runCrowd } from '../src/cli/load/crowd.ts'
import type { Role } from '../src/cli/load/fan.ts'

export type CrowdOptions = {
  readonly url: string
  readonly originKey: string
  readonly eventId: string
  readonly roles: readonly Role[]
  readonly shopMs: { readonly min: number; readonly max: number }
  /** The event's, so that those inside renew in time. */
  readonly leaseTtlSeconds: number
}

export type Crowd = {
  /** Everybody has gone, or was sent away. */
  readonly over: Promise<void>
  /** Sends everybody home at once. */
  stop(): void
}

/** Lets them loose. They come as fast as they are let in, and each follows a stream. */
export function startCrowd({ url, originKey, eventId, roles, shopMs, leaseTtlSeconds }: CrowdOptions): Crowd {
  const home = new AbortController()
  setMaxListeners(0, home.signal) // Each fan listens.
  const api = new Api({ url: new URL(url), originKey, eventId, signal: home.signal })
  let joins = 0
  const world = {
    api,
    streamUrl: new URL(`/api/v1/events/${eventId}/queue/stream`, url),
    signal: home.signal,
    shopMs,
    leaseTtlMs: leaseTtlSeconds * 1_000,
    nextJoinNumber: () => (joins += 1),
  }
  const over = runCrowd(world, roles, () => {}).then(() => api.close())
  return { over, stop: () => home.abort() }
}
