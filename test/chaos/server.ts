/**
 * The Usher under the crowd, always on the same port and the same state directory: in this process (where Redis can be
 * got at through its front), or as `npm start` runs it, a process tree of its own that can be killed as a whole.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, LOOPBACK } from '../../dev/ports.ts'
import { readRecord } from '../../dev/processes.ts'
import { startUsher, type UsherRuntime } from '../../dev/runtime.ts'
import { PROJECT_ROOT } from '../../dev/settings.ts'

const READY_WITHIN_MS = 30_000

export type ServerOptions = {
  readonly stateDir: string
  readonly keys: { readonly ADMIN_API_KEY: string; readonly ORIGIN_API_KEY: string }
  /** `native`, `embedded`, or what the machine has. */
  readonly redis: string
}

type Address = { readonly host: string; readonly port: number }

export class Server {
  readonly url: string
  readonly #options: ServerOptions
  readonly #port: number
  #runtime: UsherRuntime | null = null
  #tree: ChildProcess | null = null

  private constructor(options: ServerOptions, port: number) {
    this.#options = options
    this.#port = port
    this.url = `http://${LOOPBACK}:${port}`
  }

  static async start(options: ServerOptions): Promise<Server> {
    const server = new Server(options, await freePort())
    await server.#startHere()
    return server
  }

  /** @throws Error while it runs as a tree of its own */
  get runtime(): UsherRuntime {
    if (this.#runtime === null) throw new Error('the server does not run in this process')
    return this.#runtime
  }

  /** Where Redis listens now: it changes with every start. Null while that is not known. */
  get redis(): Address | null {
    const engine = this.#runtime?.redis
    if (engine) return { host: engine.host, port: engine.port }
    const record =
      this.#tree === null ? null : readRecord(join(this.#options.stateDir, 'redis', 'server.json'))
    const port = record === null ? null : portArgument(record.pid)
    return port === null ? null : { host: LOOPBACK, port }
  }

  /** Answers whether there was a workerd to kill: it may be dead already. */
  killWorkerd(): boolean {
    const pid = this.#runtime?.workerdPid() ?? null
    return pid !== null && kill(pid, 'SIGKILL')
  }

  /** As a deployment does: ends it with all its streams, and starts it anew. */
  async restart(): Promise<void> {
    await this.#stopHere()
    await this.#startHere()
  }

  /** From here into a process tree of its own. */
  async moveOut(): Promise<void> {
    await this.#stopHere()
    await this.#startTree()
  }

  /** Kills the tree, Redis and all, and starts it again on what is left. Answers when it was killed. */
  async killTree(): Promise<number> {
    const tree = this.#tree
    if (tree?.pid === undefined) throw new Error('there is no tree')
    const exited = once(tree, 'exit')
    const killedAtMs = Date.now()
    kill(-tree.pid, 'SIGKILL')
    await exited
    await this.#startTree()
    return killedAtMs
  }

  /** Back into this process. */
  async moveIn(): Promise<void> {
    await this.#stopTree()
    await this.#startHere()
  }

  async stop(): Promise<void> {
    await this.#stopTree()
    await this.#stopHere()
    rmSync(this.#options.stateDir, { recursive: true, force: true })
  }

  async #startHere(): Promise<void> {
    const { stateDir, keys, redis } = this.#options
    this.#runtime = await startUsher({
      stateDir,
      port: this.#port,
      settings: { PATH: process.env['PATH'], USHER_REDIS: redis },
      bindings: keys,
      // The run says when the watchdog comes.
      cron: false,
    })
  }

  async #stopHere(): Promise<void> {
    const runtime = this.#runtime
    this.#runtime = null
    await runtime?.stop()
  }

  async #startTree(): Promise<void> {
    const { stateDir, keys, redis } = this.#options
    const tree = spawn(process.execPath, ['dev/start.ts'], {
      cwd: PROJECT_ROOT,
      env: {
        PATH: process.env['PATH'],
        PORT: String(this.#port),
        USHER_STATE_DIR: stateDir,
        USHER_REDIS: redis,
        USHER_POSTGRES: 'none',
        ...keys,
      },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#tree = tree
    await ready(tree)
  }

  async #stopTree(): Promise<void> {
    const tree = this.#tree
    this.#tree = null
    if (tree?.pid === undefined || tree.exitCode !== null || tree.signalCode !== null) return
    const exited = once(tree, 'exit')
    kill(tree.pid, 'SIGTERM')
    await Promise.race([exited, sleep(5_000, undefined, { ref: false })])
    kill(-tree.pid, 'SIGKILL')
  }
}

/** Answers whether there was such a process. */
export function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    // It has ended since.
    return false
  }
}

async function ready(tree: ChildProcess): Promise<void> {
  let output = ''
  const isReady = Promise.withResolvers<void>()
  for (const stream of [tree.stdout, tree.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (/^ready /m.test(output)) isReady.resolve()
    })
  }
  tree.once('exit', () => isReady.reject(new Error(`it ended before it was ready:\n${output}`)))
  const late = setTimeout(() => isReady.reject(new Error(`not ready:\n${output}`)), READY_WITHIN_MS)
  await isReady.promise.finally(() => clearTimeout(late))
}

/** Redis was told its port on the command line. */
function portArgument(pid: number): number | null {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')
    // A server that has started writes its own title: `redis-server 127.0.0.1:<port>`.
    const told = words[words.indexOf('--port') + 1]
    return Number(/:(\d+)$/.exec((words[0] ?? '').trim())?.[1] ?? told) || null
  } catch {
    // It has ended since.
    return null
  }
}
