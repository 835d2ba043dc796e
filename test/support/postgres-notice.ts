/** Global setup: says once that the tests in test/postgres are left out, where they are (vitest.config.ts). */
import { missingPostgres } from './postgres.ts'

export function setup(): void {
  const reason = missingPostgres()
  if (reason !== null) console.log(reason)
}
