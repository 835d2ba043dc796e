/**
 * Rows that become durable a little later: everything that is written is an entry of a log, and an object that dies loses
 * those of its last turns that were not durable yet. What it was rebuilt from is the rest of the log, played again.
 */
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

type Gated = { readonly mark: number; readonly go: () => void }

export class DurableLog<Entry> {
  readonly #entries: { readonly entry: Entry; readonly turn: number }[] = []
  readonly #scheduler: Scheduler
  readonly #delayMs: () => number
  #durable = 0
  #gated: Gated[] = []
  #isSyncing = false
  #life = 0

  constructor(scheduler: Scheduler, delayMs: () => number) {
    this.#scheduler = scheduler
    this.#delayMs = delayMs
  }

  get entries(): Entry[] {
    return this.#entries.map(({ entry }) => entry)
  }

  write(entry: Entry): void {
    this.#entries.push({ entry, turn: this.#scheduler.events })
    this.#syncSoon()
  }

  /** Runs once everything written so far is durable, unless the object dies before: the output gate. */
  whenDurable(go: () => void): void {
    if (this.#durable === this.#entries.length) go()
    else this.#gated.push({ mark: this.#entries.length, go })
  }

  /** The object has died. Writes of one turn are lost together or not at all. Answers how many were lost. */
  crash(random: Random): number {
    let kept = random.between(this.#durable, this.#entries.length)
    const cut = this.#entries[kept]
    while (kept > this.#durable && this.#entries[kept - 1]?.turn === cut?.turn) kept -= 1
    const lost = this.#entries.splice(kept).length
    this.#durable = kept
    this.#gated = []
    this.#isSyncing = false
    this.#life += 1
    return lost
  }

  #syncSoon(): void {
    if (this.#isSyncing) return
    this.#isSyncing = true
    const life = this.#life
    this.#scheduler.after(this.#delayMs(), () => {
      if (life !== this.#life) return false
      this.#isSyncing = false
      this.#durable = this.#entries.length
      const open = this.#gated
      this.#gated = []
      for (const { go } of open) go()
      return true
    })
  }
}
