/** What this deployment records claims in. */
import { parseConfig } from '../../config.ts'
import { postgresStores, type PostgresStores } from '../postgres/stores.ts'
import type { ClaimRecords } from '../ports.ts'
import { d1Records } from './d1-records.ts'

export type Stores = {
  /** As DROP_RECORDS says. */
  readonly records: ClaimRecords
  /** Null: this deployment has none. */
  readonly postgres: PostgresStores | null
}

/** For one object, or one batch of a queue. */
export function storesOf(env: Env): Stores {
  const config = parseConfig(env)
  const postgres = postgresStores(env)
  // A misconfigured deployment serves nothing, so nobody has claimed what would be recorded here.
  const wantsPostgres = config.ok && config.value.dropRecords === 'postgres'
  return { records: wantsPostgres && postgres !== null ? postgres.records : d1Records(env.RECORDS), postgres }
}
