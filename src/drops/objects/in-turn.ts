/** Work of one object that must not overlap: each piece begins when the one before has ended, however that ended. */
export class InTurn {
  #last: Promise<unknown> = Promise.resolve()

  /** Resolves and rejects as the work does. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const taken = this.#last.then(work)
    this.#last = taken.catch(() => null)
    return taken
  }
}
