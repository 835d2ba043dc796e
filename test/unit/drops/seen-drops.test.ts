import { describe, expect, it } from 'vitest'
import { SeenDrops } from '../../../src/drops/redis/seen-drops.ts'

describe('what an isolate was told of drops', () => {
  it('is the largest of what came, in whatever order the answers came', () => {
    const seen = new SeenDrops()
    expect(seen.of('d')).toEqual({ generation: 0, claimed: 0 })
    seen.told('d', { generation: 2, claimed: 5 })
    seen.told('d', { generation: 2, claimed: 3 })
    seen.told('d', { generation: 1, claimed: 90 })
    expect(seen.of('d')).toEqual({ generation: 2, claimed: 5 })
    seen.told('d', { generation: 3, claimed: 0 })
    expect(seen.of('d')).toEqual({ generation: 3, claimed: 0 })
    expect(seen.of('other')).toEqual({ generation: 0, claimed: 0 })
  })

  it('wakes an object twice a second at most, and at once again when it was not reached', () => {
    const seen = new SeenDrops()
    expect([seen.wakes('d', 1_000), seen.wakes('d', 1_499), seen.wakes('e', 1_499)]).toEqual([
      true,
      false,
      true,
    ])
    seen.told('d', { generation: 1, claimed: 1 })
    expect(seen.wakes('d', 1_499)).toBe(false)
    expect(seen.wakes('d', 1_500)).toBe(true)
    expect(seen.owesWake('d')).toBe(false)
    seen.isNotWoken('d')
    expect([seen.owesWake('d'), seen.owesWake('e')]).toEqual([true, false])
    expect(seen.wakes('d', 1_501)).toBe(true)
    expect(seen.owesWake('d')).toBe(false)
    expect(seen.of('d')).toEqual({ generation: 1, claimed: 1 })
  })

  it('forgets those who were asked longest ago, and no others', () => {
    const seen = new SeenDrops()
    for (let number = 0; number < 1_001; number += 1)
      seen.told(`d${number}`, { generation: 1, claimed: number })
    expect(seen.of('d0')).toEqual({ generation: 0, claimed: 0 })
    expect(seen.of('d1')).toEqual({ generation: 1, claimed: 1 })
    expect(seen.of('d1000')).toEqual({ generation: 1, claimed: 1_000 })
  })
})
