import { describe, expect, it } from 'vitest'
import { SeenDrop } from '../../../src/drops/redis/seen-drop.ts'

describe('what somebody was told of a drop', () => {
  it('is the largest of what came, in whatever order the answers came', () => {
    const drop = new SeenDrop()
    expect(drop.seen).toEqual({ generation: 0, claimed: 0 })
    drop.told({ generation: 2, claimed: 5 })
    drop.told({ generation: 2, claimed: 3 })
    drop.told({ generation: 1, claimed: 90 })
    expect(drop.seen).toEqual({ generation: 2, claimed: 5 })
    drop.told({ generation: 3, claimed: 0 })
    expect(drop.seen).toEqual({ generation: 3, claimed: 0 })
  })

  it('wakes its object twice a second at most, and at once again when it was not reached', () => {
    const drop = new SeenDrop()
    expect([drop.wakes(1_000), drop.wakes(1_499)]).toEqual([true, false])
    drop.told({ generation: 1, claimed: 1 })
    expect(drop.wakes(1_499)).toBe(false)
    expect(drop.wakes(1_500)).toBe(true)
    expect(drop.owesWake).toBe(false)
    drop.isNotWoken()
    expect(drop.owesWake).toBe(true)
    expect(drop.wakes(1_501)).toBe(true)
    expect(drop.owesWake).toBe(false)
    expect(drop.seen).toEqual({ generation: 1, claimed: 1 })
  })
})
