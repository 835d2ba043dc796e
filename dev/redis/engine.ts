/**
 * The Redis engines that a local run can use, behind one interface. Never deployed.
 *
 * `embedded` needs nothing installed and keeps nothing over a restart; `native` is a redis-server or valkey-server of
 * this machine, started privately, that keeps its data; `external` is somebody else's server and is left alone.
 */
import { startEmbedded } from './embedded.ts'
import { findServer, startNative } from './native.ts'

export type EngineKind = 'embedded' | 'native' | 'external'

export type Engine = {
  readonly kind: EngineKind
  /** For people: which server, and whether it keeps its data. */
  readonly description: string
  readonly host: string
  readonly port: number
  readonly username?: string
  readonly password?: string
  readonly database?: number
  /** The process of a native engine, of this moment: `restart` changes it. */
  readonly pid?: number
  /**
   * Ends the engine at once, as a crash would; it stays down until `restart`. (One that ends by itself is started
   * again by itself.) Not for `external`.
   */
  readonly kill?: () => Promise<void>
  /** Kills it if it runs, and starts it on the same port; a native engine has its data again. Not for `external`. */
  readonly restart?: () => Promise<void>
  /** Moves the engine's clock forward. Only `embedded`. */
  readonly advanceClock?: (byMs: number) => Promise<void>
  /** Idempotent. Resolves when nothing of the engine runs any more. */
  stop(): Promise<void>
}

export type EngineChoice =
  | { readonly kind: 'upstash'; readonly url: string; readonly token: string }
  | { readonly kind: 'external'; readonly url: string }
  | { readonly kind: 'native'; readonly command: string; readonly stateDir: string }
  | { readonly kind: 'embedded' }

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Which Redis a run uses: Upstash itself if its URL is set, else the server of `REDIS_URL`, else a server found on the
 * PATH, else the embedded engine. `USHER_REDIS=embedded|native` overrides the last two.
 * @throws Error with a text for people when the settings contradict each other or the machine.
 */
export function chooseEngine(env: Environment, stateDir: string): EngineChoice {
  if (env['UPSTASH_REDIS_REST_URL']) {
    if (!env['UPSTASH_REDIS_REST_TOKEN'])
      throw new Error('UPSTASH_REDIS_REST_URL is set without UPSTASH_REDIS_REST_TOKEN')
    return { kind: 'upstash', url: env['UPSTASH_REDIS_REST_URL'], token: env['UPSTASH_REDIS_REST_TOKEN'] }
  }
  if (env['REDIS_URL']) return { kind: 'external', url: env['REDIS_URL'] }
  const forced = env['USHER_REDIS']
  if (forced !== undefined && forced !== '' && forced !== 'embedded' && forced !== 'native') {
    throw new Error(`USHER_REDIS is "${forced}"; it may be "embedded" or "native"`)
  }
  const command = forced === 'embedded' ? null : findServer(env['PATH'] ?? '')
  if (command !== null) return { kind: 'native', command, stateDir }
  if (forced === 'native')
    throw new Error('USHER_REDIS is "native", but neither redis-server nor valkey-server is on the PATH')
  return { kind: 'embedded' }
}

/**
 * Starts the chosen engine on loopback; resolves when it accepts connections.
 * @param choice anything but Upstash, which needs no engine.
 */
export async function startEngine(choice: Exclude<EngineChoice, { kind: 'upstash' }>): Promise<Engine> {
  if (choice.kind === 'embedded') return await startEmbedded()
  return choice.kind === 'native' ? await startNative(choice) : externalEngine(choice.url)
}

function externalEngine(url: string): Engine {
  const parsed = URL.parse(url)
  if (parsed === null || parsed.protocol !== 'redis:') {
    throw new Error('REDIS_URL must look like redis://[user:password@]host:port[/database]')
  }
  const database = Number(parsed.pathname.slice(1) || '0')
  if (!Number.isInteger(database)) throw new Error('REDIS_URL: the database must be a number')
  const host = parsed.hostname.replace(/^\[|\]$/g, '')
  const port = Number(parsed.port || '6379')
  return {
    kind: 'external',
    description: `the Redis server at ${host}:${port} (REDIS_URL)`,
    host,
    port,
    database,
    ...(parsed.username ? { username: decodeURIComponent(parsed.username) } : {}),
    ...(parsed.password ? { password: decodeURIComponent(parsed.password) } : {}),
    stop: async () => {},
  }
}
