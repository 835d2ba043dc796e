/** The one place where an object is found by its name. */
import type { AuditApi } from '../ports/audit.ts'
import type { JoinShardApi, LineApi, LineDropsApi, LineSeatsApi, LineShardsApi } from '../ports/lines.ts'
import type { WebhookSourceApi } from '../outbound/message.ts'
import type { RegistryApi } from '../ports/registry.ts'
import type { LineStreamsApi } from '../ports/stream-shards.ts'

/** The line of an event. Asking for an event that was never configured leaves nothing behind. */
export type LineObject = LineApi &
  LineShardsApi &
  LineStreamsApi &
  LineSeatsApi &
  LineDropsApi &
  WebhookSourceApi

export function lineOf(env: Env, eventId: string): LineObject {
  // EventLine implements the ports; the platform's types only forget that a step of its progress is a pair.
  return env.EVENT_LINE.getByName(eventId) as unknown as LineObject
}

/** One of the shards that take an event's joins. */
export function joinShardOf(env: Env, eventId: string, shard: number): JoinShardApi {
  return env.JOIN_SHARD.getByName(`${eventId}:${shard}`)
}

/** One of the shards that hold an event's streams; it answers as LineApi.fetch does. */
export function streamShardOf(env: Env, eventId: string, shard: number): Pick<LineApi, 'fetch'> {
  return env.STREAM_SHARD.getByName(`${eventId}:${shard}`)
}

/** The inverse of a shard's name; an event's id has no colon. */
export function eventAndShard(name: string): { eventId: string; shard: number } {
  const [eventId = '', shard = '0'] = name.split(':')
  return { eventId, shard: Number(shard) }
}

/** The log of what operators did. */
export function auditOf(env: Env): AuditApi {
  return env.AUDIT_LOG.getByName('audit')
}

export function registryOf(env: Env): RegistryApi {
  return env.EVENT_REGISTRY.getByName('registry')
}
