import { mapBounded } from '../../bounded.ts'
import { err, ok } from '../../core/result.ts'
import { errorFields } from '../../observability/log.ts'
import type { PoolConfig } from '../../ports/registry.ts'
import { endpoint } from '../endpoint.ts'
import { FAN_OUT_WIDTH } from '../gateway-deps.ts'
import type { GatewayDeps } from '../gateway-deps.ts'
import { json } from '../reply.ts'
import { poolBody } from '../schemas/event-config.ts'
import { pool, poolList } from '../schemas/views.ts'

const POOL = '/api/v1/admin/pools/{poolId}'

export const adminPoolEndpoints = [
  endpoint({
    method: 'PUT',
    path: POOL,
    auth: 'operator',
    tag: 'Operators',
    summary: 'Create or change a pool: capacity that several events share.',
    audit: 'pool.put',
    body: poolBody,
    responses: { 200: { description: 'The pool.', schema: pool } },
    async handler(call) {
      const stored = await call.registry.putPool({ poolId: call.params.poolId, ...call.body })
      call.recordChanges(stored.changes)
      await tellMembers(call, stored.pool)
      return ok(json(200, stored.pool))
    },
  }),
  endpoint({
    method: 'GET',
    path: POOL,
    auth: 'operator',
    tag: 'Operators',
    summary: 'A pool.',
    responses: { 200: { description: 'The pool.', schema: pool } },
    problems: ['pool-not-found'],
    async handler({ registry, params }) {
      const found = await registry.pool(params.poolId)
      return found === null ? err({ reason: 'pool-not-found', poolId: params.poolId }) : ok(json(200, found))
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/v1/admin/pools',
    auth: 'operator',
    tag: 'Operators',
    summary: 'All pools.',
    responses: { 200: { description: 'Ordered by id.', schema: poolList } },
    async handler({ registry }) {
      return ok(json(200, { pools: await registry.pools() }))
    },
  }),
]

/** So that the change takes effect at once. A line that is not reached learns it from the registry when it is watched. */
async function tellMembers({ registry, line, log }: GatewayDeps, changed: PoolConfig): Promise<void> {
  const { eventIds } = await registry.poolMembers(changed.poolId)
  await mapBounded(eventIds, FAN_OUT_WIDTH, async (eventId) => {
    try {
      await line(eventId).poolChanged(changed)
    } catch (error) {
      log.warn('pool_member_unreached', { eventId, poolId: changed.poolId, ...errorFields(error) })
    }
  })
}
