/** A whole Usher whose Worker reaches a real PostgreSQL through the runtime's own Hyperdrive. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startUsher, type UsherRuntime } from '../../dev/runtime.ts'
import { ADMIN_KEY, Api, BUNDLE_DIR, ORIGIN_KEY } from '../support/usher.ts'

export type PostgresUsher = {
  readonly runtime: UsherRuntime
  readonly api: Api
  stop(): Promise<void>
}

/** `databaseUrl` null: the Worker has no PostgreSQL. */
export async function startPostgresUsher(
  databaseUrl: string | null,
  bindings: Readonly<Record<string, string>> = {},
): Promise<PostgresUsher> {
  const stateDir = mkdtempSync(join(tmpdir(), 'usher-test-'))
  const runtime = await startUsher({
    stateDir,
    bundleDir: BUNDLE_DIR,
    cron: false,
    settings: { PATH: process.env['PATH'], USHER_REDIS: 'embedded', DATABASE_URL: databaseUrl ?? '' },
    bindings: { ADMIN_API_KEY: ADMIN_KEY, ORIGIN_API_KEY: ORIGIN_KEY, ...bindings },
  })
  const stop = async (): Promise<void> => {
    await runtime.stop()
    rmSync(stateDir, { recursive: true, force: true })
  }
  return { runtime, api: new Api(runtime.url), stop }
}
