/**
 * One answer for all who ask at about the same time. Whoever asks while the store is being asked waits for the next time:
 * what is answered is never older than the question.
 */
export class SharedRead<T> {
  readonly #read: () => Promise<T>
  #current: Promise<unknown> = Promise.resolve()
  #next: Promise<T> | null = null

  constructor(read: () => Promise<T>) {
    this.#read = read
  }

  ask(): Promise<T> {
    this.#next ??= this.#following()
    return this.#next
  }

  async #following(): Promise<T> {
    // Who asked last time hears of its failure.
    await this.#current.catch(() => {})
    this.#next = null
    const reading = this.#read()
    this.#current = reading
    return await reading
  }
}
