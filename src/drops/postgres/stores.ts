/** PostgreSQL as the Worker has it. */
import { POOL_CONNECTIONS_MAX } from '../core/limits.ts'
import type { ClaimIssuer, ClaimRecords, IssuerTools } from '../ports.ts'
import { POSTGRES_BINDING } from './binding.ts'
import { PostgresPool } from './pool.ts'
import { postgresRecords } from './postgres-records.ts'
import { SkipLockedIssuer } from './skip-locked.ts'

export type PostgresStores = {
  readonly records: ClaimRecords
  readonly issuer: (tools: IssuerTools) => ClaimIssuer
  /** Its connections end. For what lives shorter than they do. */
  readonly close: () => Promise<void>
}

/** The binding is not among the generated types: wrangler.toml has it as a comment, since not every deployment has one. */
type WithPostgres = { readonly [POSTGRES_BINDING]?: { readonly connectionString: string } }

/** For one object, or one batch of a queue: connections are not shared. Null when the deployment has no PostgreSQL. */
export function postgresStores(env: Env): PostgresStores | null {
  const binding = (env as Env & WithPostgres)[POSTGRES_BINDING]
  if (binding === undefined) return null
  const pool = new PostgresPool(binding.connectionString, POOL_CONNECTIONS_MAX)
  return {
    records: postgresRecords(pool),
    issuer: (tools) => new SkipLockedIssuer(pool, tools),
    close: () => pool.close(),
  }
}
