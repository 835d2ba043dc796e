/** The PostgreSQL of a local run, if it has one. */
import { Cleanup } from '../cleanup.ts'
import type { Settings } from '../settings.ts'
import { startEmbeddedPostgres } from './embedded.ts'
import { migratePostgres } from './migrations.ts'

const CHOICES: readonly (string | null)[] = [null, 'none', 'embedded', 'if-possible']

export type LocalPostgres = {
  readonly url: string
  /** For people. */
  readonly description: string
  /** Idempotent. Leaves alone what it has not started. */
  stop(): Promise<void>
}

/**
 * The server at DATABASE_URL; or the one that npm has installed, with `USHER_POSTGRES=embedded`, and with `if-possible`
 * unless that fails; null when the settings name none. Its tables are up to date.
 * @throws Error with a text for people.
 */
export async function startLocalPostgres(
  settings: Settings,
  stateDir: string,
): Promise<LocalPostgres | null> {
  const url = settings['DATABASE_URL'] || null
  const wanted = settings['USHER_POSTGRES'] || null
  if (!CHOICES.includes(wanted)) {
    throw new Error(`USHER_POSTGRES is "${wanted}"; it may be "embedded", "if-possible" or "none"`)
  }
  if (url !== null) return await useServer(url)
  switch (wanted) {
    case 'embedded':
      return await startServer(stateDir)
    case 'if-possible':
      return await startServerIfPossible(stateDir)
    default:
      return null
  }
}

/** Everything else works without it: whoever wants it reads why there is none. */
async function startServerIfPossible(stateDir: string): Promise<LocalPostgres | null> {
  try {
    return await startServer(stateDir)
  } catch (error) {
    console.log(`PostgreSQL: none (${error instanceof Error ? error.message : String(error)})`)
    return null
  }
}

async function useServer(text: string): Promise<LocalPostgres> {
  const url = URL.parse(text)
  const isComplete =
    url !== null && /^postgres(ql)?:$/.test(url.protocol) && url.username !== '' && url.pathname.length > 1
  if (!isComplete) throw new Error('DATABASE_URL must look like postgres://user:password@host:port/database')
  try {
    await migratePostgres(text)
  } catch (error) {
    throw new Error(`DATABASE_URL: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  const description = `the server at ${url.hostname}:${url.port || '5432'} (DATABASE_URL)`
  return { url: text, description, stop: () => Promise.resolve() }
}

async function startServer(stateDir: string): Promise<LocalPostgres> {
  const cleanup = new Cleanup()
  try {
    const server = await startEmbeddedPostgres(stateDir)
    cleanup.add(() => server.stop())
    await migratePostgres(server.url)
    const description = `the one that came with npm (data in ${server.directory})`
    return { url: server.url, description, stop: () => cleanup.run() }
  } catch (error) {
    await cleanup.run()
    throw error
  }
}
