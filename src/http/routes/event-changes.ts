/**
 * Creating, changing and deleting an event touches two objects. The registry always knows an event first and forgets
 * it last, so that a request that dies between the two steps leaves an event that is watched without need, never one
 * that nobody watches.
 */
import type { EventAction, EventConfig } from '../../core/event-config.ts'
import { err, ok } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import type { ConfigureRequest } from '../../ports/lines.ts'
import type { PoolConfig, RegistryApi } from '../../ports/registry.ts'
import { invalidRequest } from '../failure.ts'
import type { Failure, GatewayFailure } from '../failure.ts'
import type { AnyCall } from '../endpoint.ts'
import { json } from '../reply.ts'
import { scheduleFault } from '../schemas/event-config.ts'

type EventCall = Pick<AnyCall, 'line' | 'registry' | 'recordChanges'> & {
  readonly params: { readonly eventId: string }
}

/** Creates the event or replaces its configuration. `statusGiven`: the operator asked for this very status. */
export async function replaceEvent(
  call: EventCall,
  config: EventConfig,
  statusGiven: boolean,
): Promise<Result<Response, Failure>> {
  const { eventId } = call.params
  const prepared = await prepare(call, config)
  if (!prepared.ok) return prepared
  return configure(call, { eventId, mode: 'replace', config, statusGiven, pool: prepared.value })
}

/** Changes the fields that are given; the rest is judged together with them. */
export async function changeEvent(
  call: EventCall,
  change: Partial<EventConfig>,
): Promise<Result<Response, Failure>> {
  const { eventId } = call.params
  const present = await call.line(eventId).detail()
  if (!present.ok) return present
  const prepared = await prepare(call, { ...present.value, ...change })
  if (!prepared.ok) return prepared
  return configure(call, { eventId, mode: 'patch', change, pool: prepared.value })
}

/** Carries out an operator's action. An event that was over, and hence not watched any more, is watched again. */
export async function actOnEvent(call: EventCall, action: EventAction): Promise<Result<Response, Failure>> {
  const { eventId } = call.params
  const present = await call.line(eventId).detail()
  if (!present.ok) return present
  await register(call.registry, eventId, present.value)
  const acted = await call.line(eventId).act(action)
  if (!acted.ok) return acted
  call.recordChanges(acted.value.changes)
  return ok(json(200, acted.value.detail))
}

/** Deletes a closed event. */
export async function forgetEvent({ line, registry, params }: EventCall): Promise<Result<null, Failure>> {
  const { eventId } = params
  const removed = await line(eventId).remove()
  // An event that its line has forgotten may still be registered: a deletion that died between the two steps.
  if (removed.ok || removed.error.reason === 'event-not-found') await registry.unregister(eventId)
  if (!removed.ok) return removed
  // Created again between the two steps: then it was registered before we unregistered it.
  const present = await line(eventId).detail()
  if (present.ok) await register(registry, eventId, present.value)
  return ok(null)
}

/** Checks what only the whole configuration shows, and registers it. The value is the pool that the event shares. */
async function prepare(
  { registry, params }: EventCall,
  config: EventConfig,
): Promise<Result<PoolConfig | null, GatewayFailure>> {
  const fault = scheduleFault(config)
  if (fault !== null) return err(fault)
  const pool = config.poolId === null ? null : await registry.pool(config.poolId)
  if (config.poolId !== null && pool === null) return err(POOL_UNKNOWN)
  await register(registry, params.eventId, config)
  return ok(pool)
}

const POOL_UNKNOWN = invalidRequest({ pointer: '/poolId', detail: 'There is no pool with this id.' })

function register(registry: RegistryApi, eventId: string, config: EventConfig): Promise<void> {
  return registry.register({
    eventId,
    public: config.public,
    poolId: config.poolId,
    longestLeaseSeconds: Math.max(config.entryTokenTtlSeconds, config.maxSessionSeconds),
  })
}

async function configure(call: EventCall, request: ConfigureRequest): Promise<Result<Response, Failure>> {
  const configured = await call.line(request.eventId).configure(request)
  // Deleted between its registration and its creation, it would be an event that nobody watches.
  if (configured.ok && configured.value.created)
    await register(call.registry, request.eventId, configured.value.detail)
  if (configured.ok) {
    call.recordChanges(configured.value.changes)
    return ok(json(configured.value.created ? 201 : 200, configured.value.detail))
  }
  return configured.error.reason === 'pool-not-found' ? err(POOL_UNKNOWN) : configured
}
