/** What has to be undone, in the reverse order of its doing. */
export class Cleanup {
  readonly #steps: (() => void | Promise<void>)[] = []
  #run: Promise<void> | null = null

  add(step: () => void | Promise<void>): void {
    this.#steps.push(step)
  }

  /** Idempotent. A step that fails keeps none of the others from being done. @throws Error of the first that failed. */
  run(): Promise<void> {
    this.#run ??= this.#undo()
    return this.#run
  }

  async #undo(): Promise<void> {
    const failures: unknown[] = []
    for (const step of this.#steps.toReversed()) {
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
