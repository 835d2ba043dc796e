import { describe, expect, it } from 'vitest'
import { RankIndex } from '../../../src/core/rank-index.ts'

/** A small deterministic generator (mulberry32), so that a failure can be repeated. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

describe('rank index', () => {
  it.each([1, 2, 3, 4, 5])(
    'INV-8: ranks are those of a sorted list under joins and leaves (seed %i)',
    (seed) => {
      const random = seeded(seed)
      const index = new RankIndex<object>()
      const model = new Set<number>()
      let next = 1
      for (let step = 0; step < 6_000; step += 1) {
        if (model.size === 0 || random() < 0.55) {
          index.add(next, {})
          model.add(next)
          next += 1 + Math.floor(random() * 3)
        } else {
          const sorted = [...model]
          const leaver = random() < 0.7 ? sorted[0] : sorted[Math.floor(random() * sorted.length)]
          index.remove(leaver ?? 0)
          model.delete(leaver ?? 0)
        }
        if (step % 97 === 0) {
          const sorted = [...model].toSorted((a, b) => a - b)
          expect(index.size).toBe(sorted.length)
          expect(index.first()).toBe(sorted[0] ?? null)
          expect(sorted.map((number) => index.rank(number))).toEqual(sorted.map((_, at) => at + 1))
          expect(sorted.map((_, at) => index.numberAt(at + 1))).toEqual(sorted)
          expect([index.numberAt(0), index.numberAt(sorted.length + 1)]).toEqual([null, null])
          expect(sorted.map((number) => index.nextAfter(number))).toEqual(
            [...sorted.slice(1), null].slice(0, sorted.length),
          )
        }
      }
    },
  )

  it('takes numbers in any order, as a draw gives them', () => {
    const index = new RankIndex<object>()
    for (const number of [5_000, 3, 9_999, 1, 4_000]) index.add(number, {})
    expect([1, 3, 4_000, 5_000, 9_999].map((number) => index.rank(number))).toEqual([1, 2, 3, 4, 5])
    expect(index.first()).toBe(1)
  })

  it('adding or removing twice changes nothing', () => {
    const index = new RankIndex<object>()
    index.add(1, {})
    index.add(1, {})
    index.add(2, {})
    index.remove(1)
    index.remove(1)
    expect([index.size, index.rank(2)]).toEqual([1, 1])
  })
})
