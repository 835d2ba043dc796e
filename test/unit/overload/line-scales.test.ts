import { describe, expect, it } from 'vitest'
import { UNSCALED } from '../../../src/core/scale.ts'
import { LineScales } from '../../../src/line-scales.ts'
import { T0 } from '../core/fixtures.ts'

const SCALE = { joinShards: 4, streamShards: 0 }

describe('what an isolate knows of how an event is spread', () => {
  it('is nothing until its line has said so, and then what it said last', () => {
    const scales = new LineScales()
    expect(scales.of('demo', T0)).toBe(UNSCALED)
    scales.heard('demo', SCALE, T0)
    expect(scales.of('demo', T0 + 9_999)).toBe(SCALE)
    expect(scales.of('other', T0)).toBe(UNSCALED)
    scales.heard('demo', undefined, T0 + 5_000)
    expect(scales.of('demo', T0 + 5_000)).toBe(UNSCALED)
  })

  it('is forgotten when it was not heard for ten seconds, or when the clock went back', () => {
    const scales = new LineScales()
    scales.heard('demo', SCALE, T0)
    expect(scales.of('demo', T0 + 10_000)).toBe(UNSCALED)
    scales.heard('demo', SCALE, T0)
    expect(scales.of('demo', T0 - 10_000)).toBe(UNSCALED)
  })
})
