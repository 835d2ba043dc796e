/** The tables of the records, before each file of tests. */
import { applyD1Migrations, type D1Migration } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

const { RECORDS, RECORDS_MIGRATIONS } = env as Env & { RECORDS_MIGRATIONS: D1Migration[] }
await applyD1Migrations(RECORDS, RECORDS_MIGRATIONS)
