/** The order in which people came, against the order of the line. */
import type { PlaceRecord } from '../../src/core/records.ts'

export class Order {
  readonly #arrivedAtMs: Float64Array
  /** Who has each number, by index; 0 is nobody. */
  readonly #holders: Int32Array
  #twice = 0

  constructor(visitors: number) {
    this.#arrivedAtMs = new Float64Array(visitors)
    this.#holders = new Int32Array(visitors + 1).fill(-1)
  }

  arrived(index: number, atMs: number): void {
    this.#arrivedAtMs[index] = atMs
  }

  numbered(index: number, { number }: PlaceRecord): void {
    const slot = number ?? 0
    if (slot < 1 || slot >= this.#holders.length || this.#holders[slot] !== -1) this.#twice += 1
    else this.#holders[slot] = index
  }

  /** Numbers that nobody has, or that were given twice: 0 when everybody has one number and they have no gap. */
  faults(): number {
    const holders = this.#holders.subarray(1)
    const missing = holders.reduce((sum, index) => sum + (index === -1 ? 1 : 0), 0)
    return missing + this.#twice + (holders.length - new Set(holders).size)
  }

  /**
   * For each visitor, how much later somebody with a smaller number had come: 0 for those whom nobody overtook.
   * Ascending, in milliseconds.
   */
  inversionsMs(): Float64Array {
    const inversions = new Float64Array(this.#arrivedAtMs.length)
    let latestMs = -Infinity
    for (const [place, index] of this.#holders.subarray(1).entries()) {
      const arrivedAtMs = this.#arrivedAtMs[index] ?? 0
      inversions[place] = Math.max(0, latestMs - arrivedAtMs)
      latestMs = Math.max(latestMs, arrivedAtMs)
    }
    return inversions.toSorted()
  }
}

export function quantileOf(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
