/** `npm run migrate:postgres`: brings the database at DATABASE_URL up to date. */
import { PROJECT_ROOT, readSettings } from '../settings.ts'
import { migratePostgres } from './migrations.ts'

async function main(): Promise<void> {
  const url = readSettings(PROJECT_ROOT, process.env)['DATABASE_URL']
  if (url === undefined || url === '') throw new Error('DATABASE_URL is not set')
  const applied = await migratePostgres(url)
  console.log(applied.length === 0 ? 'nothing to do' : `applied: ${applied.join(', ')}`)
}

main().catch((error: unknown) => {
  console.error(`usher: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
