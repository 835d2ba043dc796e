import type { EpochMs } from '../../core/time.ts'

/**
 * What is due at which time. As long as nothing is, asking costs nothing however much is in it; when something is, all of
 * it is looked at once.
 */
export class Deadlines<T> {
  readonly #items = new Map<string, { readonly atMs: EpochMs; readonly item: T }>()
  /** Nothing is due before this; it may be too early when what made it so has gone. */
  #nextMs = Infinity

  get size(): number {
    return this.#items.size
  }

  set(key: string, atMs: EpochMs, item: T): void {
    this.#items.set(key, { atMs, item })
    this.#nextMs = Math.min(this.#nextMs, atMs)
  }

  delete(key: string): void {
    this.#items.delete(key)
  }

  get(key: string): T | undefined {
    return this.#items.get(key)?.item
  }

  *all(): IterableIterator<T> {
    for (const { item } of this.#items.values()) yield item
  }

  /** At most `max` of what is due, in no order. They stay until they are set anew or deleted. */
  due(nowMs: EpochMs, max: number): T[] {
    if (nowMs < this.#nextMs) return []
    const due: T[] = []
    this.#nextMs = Infinity
    for (const { atMs, item } of this.#items.values()) {
      if (atMs <= nowMs && due.length < max) due.push(item)
      this.#nextMs = Math.min(this.#nextMs, atMs)
    }
    return due
  }

  /** Not later than the first deadline; null when there is none. */
  nextAtMs(): EpochMs | null {
    return this.#items.size === 0 ? null : this.#nextMs
  }
}
