/**
 * Who waits under which number, and how many of them are at or before a given one: a Fenwick tree over the numbers from
 * `base` on. A count and a reference for each number; every operation is O(log n) and allocates nothing.
 *
 * A position is a rank, so it is exact at any instant, and it can only fall while its number waits (INV-8).
 */
const SLOTS_MIN = 1_025

export class RankIndex<T extends object> {
  #base = 1
  #tree = new Int32Array(SLOTS_MIN)
  #waiting: (T | null)[] = emptySlots<T>(SLOTS_MIN)
  #count = 0

  get size(): number {
    return this.#count
  }

  /** Who waits under this number. */
  get(number: number): T | null {
    return this.#waiting[number - this.#base + 1] ?? null
  }

  /** A number that is there already keeps who has it. */
  add(number: number, item: T): void {
    if (this.#count === 0) this.#reset(number)
    if (number < this.#base) this.#rebuild(number, this.#highest())
    if (number - this.#base + 1 >= this.#tree.length) this.#rebuild(this.#lowest(), number)
    const slot = number - this.#base + 1
    if (this.#waiting[slot] !== null) return
    this.#waiting[slot] = item
    this.#count += 1
    this.#change(slot, 1)
  }

  remove(number: number): void {
    if (this.get(number) === null) return
    const slot = number - this.#base + 1
    this.#waiting[slot] = null
    this.#count -= 1
    this.#change(slot, -1)
  }

  /** How many waiting numbers are not larger than `number`: the 1-based position of a waiting one. */
  rank(number: number): number {
    let sum = 0
    const last = Math.min(number - this.#base + 1, this.#tree.length - 1)
    for (let slot = last; slot > 0; slot -= slot & -slot) sum += this.#tree[slot] ?? 0
    return sum
  }

  /** The smallest waiting number that is larger than `number`, or null. Amortised O(1) while walking the line. */
  nextAfter(number: number): number | null {
    for (let slot = Math.max(number - this.#base + 2, 1); slot < this.#waiting.length; slot += 1) {
      if (this.#waiting[slot] !== null) return slot + this.#base - 1
    }
    return null
  }

  /** The smallest waiting number, or null when nobody waits. */
  first(): number | null {
    return this.numberAt(1)
  }

  /** The number of this rank, 1 for the smallest, found by descending the tree; null when fewer wait. */
  numberAt(rank: number): number | null {
    if (rank < 1 || rank > this.#count) return null
    let slot = 0
    let before = 0
    for (let step = highestPowerOfTwo(this.#tree.length - 1); step > 0; step >>= 1) {
      const counted = this.#tree[slot + step]
      if (counted === undefined || before + counted >= rank) continue
      slot += step
      before += counted
    }
    return slot + this.#base
  }

  #change(slot: number, by: 1 | -1): void {
    const tree = this.#tree
    for (let i = slot; i < tree.length; i += i & -i) tree[i] = (tree[i] ?? 0) + by
  }

  #lowest(): number {
    return this.first() ?? this.#base
  }

  #highest(): number {
    const last = this.#waiting.findLastIndex((item) => item !== null)
    return last === -1 ? this.#base : last + this.#base - 1
  }

  #reset(base: number): void {
    this.#base = base
    this.#tree.fill(0)
    this.#waiting.fill(null)
  }

  /** Drops the slots before the first waiting number and makes room for a quarter more: amortised O(1) a join. */
  #rebuild(from: number, upTo: number): void {
    const base = Math.min(from, this.#lowest())
    const span = upTo - base + 1
    const waiting = emptySlots<T>(Math.max(SLOTS_MIN, Math.ceil(span * 1.25) + 1))
    for (let slot = 1; slot < this.#waiting.length; slot += 1) {
      const item = this.#waiting[slot] ?? null
      if (item !== null) waiting[slot + this.#base - base] = item
    }
    const tree = new Int32Array(waiting.length)
    for (let slot = 1; slot < tree.length; slot += 1) {
      tree[slot] = (tree[slot] ?? 0) + (waiting[slot] === null ? 0 : 1)
      const parent = slot + (slot & -slot)
      if (parent < tree.length) tree[parent] = (tree[parent] ?? 0) + (tree[slot] ?? 0)
    }
    this.#base = base
    this.#waiting = waiting
    this.#tree = tree
  }
}

function emptySlots<T>(length: number): (T | null)[] {
  return Array.from({ length }, () => null)
}

function highestPowerOfTwo(atMost: number): number {
  return atMost < 1 ? 0 : 1 << (31 - Math.clz32(atMost))
}
