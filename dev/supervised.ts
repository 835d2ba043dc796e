/**
 * Keeps a server running: one that ends by itself is started again, as a hosted one would be. One that is ended on
 * purpose stays down until it is started again on purpose.
 */
import { setTimeout as sleep } from 'node:timers/promises'

const REVIVAL_DELAY_MS = 200

export type Running = {
  /** Resolves when it has ended, however that came about. */
  readonly ended: Promise<unknown>
  end(how: 'politely' | 'at once'): Promise<void>
}

export class Supervised<T extends Running> {
  readonly #name: string
  readonly #launch: () => Promise<T>
  #current: T | null = null
  #isWanted = false
  #starting: Promise<void> = Promise.resolve()

  /** `name`: what people are told has ended. */
  constructor(name: string, launch: () => Promise<T>) {
    this.#name = name
    this.#launch = launch
  }

  /** Null while it is down. */
  get current(): T | null {
    return this.#current
  }

  /** @throws whatever the launch throws; then it stays down. */
  async start(): Promise<void> {
    this.#isWanted = true
    this.#starting = this.#bringUp()
    await this.#starting
  }

  /** Idempotent. */
  async end(how: 'politely' | 'at once'): Promise<void> {
    this.#isWanted = false
    await this.#starting.catch(() => {}) // Whoever started it hears why it did not.
    const running = this.#current
    this.#current = null
    await running?.end(how)
  }

  async restart(): Promise<void> {
    await this.end('at once')
    await this.start()
  }

  async #bringUp(): Promise<void> {
    const running = await this.#launch()
    this.#current = running
    void running.ended.then(() => this.#revive(running))
  }

  async #revive(ended: T): Promise<void> {
    if (this.#current !== ended) return
    this.#current = null
    console.error(`${this.#name} has ended unexpectedly and is started again`)
    await sleep(REVIVAL_DELAY_MS)
    if (!this.#isWanted || this.#current !== null) return
    await this.start().catch((error: unknown) =>
      console.error(`${this.#name} cannot be started again:`, error),
    )
  }
}
