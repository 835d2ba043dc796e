/** Which strategies this deployment has. */
import { platformTurns } from '../durable/platform-turns.ts'
import type { Strategy } from './core/records.ts'
import type { IssuerFound } from './objects/drop-host.ts'
import { ObjectIssuer } from './objects/object-issuer.ts'
import type { PostgresStores } from './postgres/stores.ts'
import { redisIssuer } from './redis/redis-queue.ts'

/** How the issuer of a drop is made, or what is missing for it. */
export function issuerOf(strategy: Strategy, env: Env, postgres: PostgresStores | null): IssuerFound {
  switch (strategy) {
    case 'object':
      return { ok: true, value: (tools) => new ObjectIssuer(tools, platformTurns()) }
    case 'redis-queue': {
      const issuer = redisIssuer(env)
      return issuer === null
        ? { ok: false, error: { missing: 'its configuration' } }
        : { ok: true, value: issuer }
    }
    case 'skip-locked':
      return postgres === null
        ? { ok: false, error: { missing: 'the Hyperdrive POSTGRES' } }
        : { ok: true, value: postgres.issuer, records: postgres.records }
  }
}
