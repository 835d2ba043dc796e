/** Which strategies this deployment has. */
import type { Strategy } from './core/records.ts'
import type { IssuerFound } from './objects/drop-host.ts'
import { ObjectIssuer } from './objects/object-issuer.ts'
import type { PostgresStores } from './postgres/stores.ts'

/** How the issuer of a drop is made, or what is missing for it. */
export function issuerOf(strategy: Strategy, postgres: PostgresStores | null): IssuerFound {
  switch (strategy) {
    case 'object':
      return { ok: true, value: (tools) => new ObjectIssuer(tools) }
    case 'redis-queue':
      return { ok: false, error: { missing: 'a version of Usher that has it' } }
    case 'skip-locked':
      return postgres === null
        ? { ok: false, error: { missing: 'the Hyperdrive POSTGRES' } }
        : { ok: true, value: postgres.issuer, records: postgres.records }
  }
}
