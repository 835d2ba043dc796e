/**
 * Miniflare starts a workerd that has died again, but only once: one that is killed while it starts stays dead, with
 * nobody on its port. This goes on trying.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Log, LogLevel, type Miniflare, type MiniflareOptions } from 'miniflare'

const PAUSE_MS = 200

/** Miniflare's log, which is the only place where it says that it has given up. It writes nothing. */
export class Revival extends Log {
  #revive: () => void = () => {}
  #isOver = false

  constructor() {
    super(LogLevel.NONE)
  }

  /** From now on a workerd that miniflare has given up is started again; `revived` is told each time. */
  watch(miniflare: Miniflare, options: MiniflareOptions, revived: () => void): void {
    this.#revive = () => void this.#try(() => miniflare.setOptions(options), revived)
  }

  /** The end is wanted from now on. */
  stop(): void {
    this.#isOver = true
  }

  override error(error: Error): void {
    if ('code' in error && error.code === 'ERR_RUNTIME_FAILURE') this.#revive()
  }

  async #try(start: () => Promise<void>, revived: () => void): Promise<void> {
    while (!this.#isOver) {
      try {
        await start()
        revived()
        return
      } catch {
        // It died again while it started, or miniflare is being disposed of.
        await sleep(PAUSE_MS)
      }
    }
  }
}
