/** A whole Usher whose Worker reaches a real PostgreSQL through the runtime's own Hyperdrive. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startUsher } from '../../dev/runtime.ts'
import { ADMIN_KEY, Api, BUNDLE_DIR, ORIGIN_KEY, type TestUsher } from '../support/usher.ts'

type Place = { readonly stateDir?: string; readonly direct?: boolean }

/** `databaseUrl` null: the Worker has no PostgreSQL. */
export async function startPostgresUsher(
  databaseUrl: string | null,
  bindings: Readonly<Record<string, string>> = {},
  { stateDir = mkdtempSync(join(tmpdir(), 'usher-test-')), direct = false }: Place = {},
): Promise<TestUsher> {
  const runtime = await startUsher({
    stateDir,
    direct,
    bundleDir: BUNDLE_DIR,
    cron: false,
    settings: { PATH: process.env['PATH'], USHER_REDIS: 'embedded', DATABASE_URL: databaseUrl ?? '' },
    bindings: { ADMIN_API_KEY: ADMIN_KEY, ORIGIN_API_KEY: ORIGIN_KEY, ...bindings },
  })
  return {
    runtime,
    url: runtime.url,
    api: new Api(runtime.url),
    restart: async (between) => {
      await runtime.stop()
      between?.()
      return startPostgresUsher(databaseUrl, bindings, { stateDir, direct })
    },
    stop: async () => {
      await runtime.stop()
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}
