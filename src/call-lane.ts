/**
 * A bound on the calls that one isolate has under way to one object. An object is single-threaded and takes calls in
 * the order in which they arrive, so whatever is sent to it waits behind all that was sent before: calls beyond the
 * bound wait here, where others can pass them, and those that would wait too long are refused.
 */
import { Overloaded } from './ports/overloaded.ts'

export type LaneLimits = {
  /** Calls under way at once. */
  readonly width: number
  /** Calls that wait for their turn, in the order of their arrival. 0: what does not fit is refused at once. */
  readonly waiting: number
  /** How long a call waits for its turn before it is refused. */
  readonly waitMs: number
}

type Waiter = { readonly go: () => void }

export class CallLane {
  readonly #limits: LaneLimits
  readonly #waiters = new Set<Waiter>()
  #underWay = 0

  constructor(limits: LaneLimits) {
    this.#limits = limits
  }

  /** Nothing is under way and nobody waits: the lane remembers nothing. */
  get isIdle(): boolean {
    return this.#underWay === 0 && this.#waiters.size === 0
  }

  /** Makes the call when it is its turn. @throws Overloaded when the turn would not come soon; nothing was called. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#underWay < this.#limits.width) this.#underWay += 1
    else await this.#turn()
    try {
      return await call()
    } finally {
      this.#next()
    }
  }

  /** Resolves when a call that has ended has left its place to this one. */
  async #turn(): Promise<void> {
    if (this.#waiters.size >= this.#limits.waiting) throw new Overloaded('too many calls wait for one object')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter: Waiter = { go: resolve }
    const timer = setTimeout(() => {
      if (this.#waiters.delete(waiter)) reject(new Overloaded('one object is slow to take calls'))
    }, this.#limits.waitMs)
    this.#waiters.add(waiter)
    await promise
    // Here and not in `go`: a timer belongs to the request that set it, and `go` is called by another one.
    clearTimeout(timer)
  }

  #next(): void {
    const [waiter] = this.#waiters
    if (waiter === undefined) {
      this.#underWay -= 1
      return
    }
    this.#waiters.delete(waiter)
    waiter.go()
  }
}
