/** A standing crowd: all visitors, the sweeps over their lines, and the way home. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { SeededRandom } from './random.ts'
import { Visitor } from './visitor.ts'
import type { World } from './world.ts'

const SWEEP_PAUSE_MS = 700

export class Crowd {
  readonly #world: World
  readonly #visitors: Visitor[]
  readonly #lives: Promise<void>[] = []
  #sweeping: Promise<void> | null = null
  #atHome = 0
  sweeps = 0

  constructor(world: World, eventIds: readonly string[], size: number, random: SeededRandom) {
    this.#world = world
    this.#visitors = Array.from(
      { length: size },
      (_, index) => new Visitor(world, eventIds[index % eventIds.length] ?? '', random.fork()),
    )
  }

  /** Everybody comes, spread over `withinMs`. */
  arrive(withinMs: number): void {
    for (const [index, visitor] of this.#visitors.entries())
      this.#lives.push(this.#live(visitor, (withinMs * index) / this.#visitors.length))
    this.#sweeping = this.#sweep()
  }

  /** Nobody joins any more; resolves with how many are still there when all have gone or the time is over. */
  async goHome(withinMs: number): Promise<number> {
    this.#world.isClosing = true
    const everybody = Promise.all(this.#lives)
    await Promise.race([everybody, sleep(withinMs, undefined, { ref: false })])
    await this.#sweeping
    return this.#visitors.length - this.#atHome
  }

  async #live(visitor: Visitor, afterMs: number): Promise<void> {
    await sleep(afterMs)
    try {
      await visitor.live()
    } catch (error) {
      this.#world.report('wrong answer', String(error))
    }
    this.#atHome += 1
  }

  /** From the back to the front, one after another, so that no movement of the line can look like a wrong order. */
  async #sweep(): Promise<void> {
    while (!this.#world.isClosing) {
      for (const eventId of new Set(this.#visitors.map((visitor) => visitor.eventId))) {
        const line = this.#visitors.flatMap((visitor) =>
          visitor.eventId === eventId && visitor.waitingAs !== null
            ? [{ visitor, joinNumber: visitor.waitingAs }]
            : [],
        )
        const places: { joinNumber: number; position: number }[] = []
        for (const { visitor, joinNumber } of line.toSorted((a, b) => b.joinNumber - a.joinNumber)) {
          const position = await visitor.position(joinNumber).catch(() => null)
          if (position !== null) places.push({ joinNumber, position })
        }
        this.#world.places.sweep(eventId, places)
        this.sweeps += 1
      }
      await sleep(SWEEP_PAUSE_MS)
    }
  }
}
