import { describe, expect, it } from 'vitest'
import { SCALE_DOWN_AFTER_MS } from '../../../src/core/limits.ts'
import { joinShardsFor, ScaleRule, shardOf, streamShardsFor, UNSCALED } from '../../../src/core/scale.ts'
import { T0 } from './fixtures.ts'

const SECOND = 1_000
const QUIET = { streams: 0, expectedPeak: null }

/** So many joins a second, for some seconds; answers the end. */
function joins(rule: ScaleRule, perSecond: number, seconds: number, fromMs = T0): number {
  for (let second = 0; second < seconds; second += 1) rule.joined(perSecond, fromMs + second * SECOND)
  return fromMs + (seconds - 1) * SECOND
}

describe('the number of join shards', () => {
  it('is none for an event that its line can do alone', () => {
    const rule = new ScaleRule()
    expect(rule.scale(QUIET, joins(rule, 150, 60))).toBe(UNSCALED)
  })

  it.each([
    [151, 1],
    [301, 2],
    [600, 2],
    [1_000, 4],
    [16_667, 64],
    [1_000_000, 64],
  ])('for %i joins a second is %i', (perSecond, shards) => {
    const rule = new ScaleRule()
    expect(rule.scale(QUIET, joins(rule, perSecond, 6)).joinShards).toBe(shards)
    expect(joinShardsFor(perSecond)).toBe(shards)
  })

  it('does not follow one busy second', () => {
    const rule = new ScaleRule()
    rule.joined(700, T0)
    expect(rule.scale(QUIET, T0)).toBe(UNSCALED)
  })

  it('is there before they come when the operator expects them', () => {
    const rule = new ScaleRule()
    expect(rule.scale({ streams: 0, expectedPeak: 20_000 }, T0).joinShards).toBe(64)
    expect(new ScaleRule().scale({ streams: 0, expectedPeak: 150 }, T0)).toBe(UNSCALED)
  })

  it('stays until it has been quiet for five minutes, and then goes back to what is expected', () => {
    const rule = new ScaleRule()
    let nowMs = joins(rule, 1_000, 6)
    expect(rule.scale(QUIET, nowMs).joinShards).toBe(4)
    nowMs += 10 * SECOND
    expect(rule.scale(QUIET, nowMs).joinShards).toBe(4)
    expect(rule.scale(QUIET, nowMs + SCALE_DOWN_AFTER_MS - 1).joinShards).toBe(4)
    expect(rule.scale(QUIET, nowMs + SCALE_DOWN_AFTER_MS)).toBe(UNSCALED)
    expect(
      rule.scale({ streams: 0, expectedPeak: 300 }, nowMs + SCALE_DOWN_AFTER_MS + SECOND).joinShards,
    ).toBe(1)
  })

  it('a wave in between starts the five minutes anew', () => {
    const rule = new ScaleRule()
    let nowMs = joins(rule, 1_000, 6)
    rule.scale(QUIET, nowMs)
    rule.scale(QUIET, nowMs + 10 * SECOND)
    nowMs = joins(rule, 100, 6, nowMs + 200 * SECOND)
    expect(rule.scale(QUIET, nowMs).joinShards).toBe(4)
    expect(rule.scale(QUIET, T0 + SCALE_DOWN_AFTER_MS + 20 * SECOND).joinShards).toBe(4)
  })
})

describe('the number of stream shards', () => {
  it.each([
    [0, 0],
    [1_500, 0],
    [1_501, 1],
    [2_001, 2],
    [15_000, 8],
    [1_000_000, 16],
  ])('for %i streams is %i', (streams, shards) => {
    expect(streamShardsFor(streams)).toBe(shards)
    expect(new ScaleRule().scale({ streams, expectedPeak: null }, T0).streamShards).toBe(shards)
  })

  it('halves when the streams have been below half of what it takes for five minutes', () => {
    const rule = new ScaleRule()
    const at = (streams: number, nowMs: number) =>
      rule.scale({ streams, expectedPeak: null }, nowMs).streamShards
    expect(at(15_000, T0)).toBe(8)
    expect(at(5_000, T0 + SECOND)).toBe(8)
    expect(at(3_900, T0 + 2 * SECOND)).toBe(8)
    expect(at(3_900, T0 + 2 * SECOND + SCALE_DOWN_AFTER_MS)).toBe(4)
    expect(at(0, T0 + 3 * SECOND + SCALE_DOWN_AFTER_MS)).toBe(4)
    expect(at(0, T0 + 3 * SECOND + 2 * SCALE_DOWN_AFTER_MS)).toBe(2)
  })
})

describe('the shard of a visitor', () => {
  it('is the same every time, and takes its share of them', () => {
    const counts = Array.from({ length: 64 }, () => 0)
    for (let index = 0; index < 64_000; index += 1) {
      const shard = shardOf(`g_${String(index).padStart(22, '0')}`, 64)
      counts[shard] = (counts[shard] ?? 0) + 1
    }
    expect(Math.min(...counts)).toBeGreaterThan(850)
    expect(Math.max(...counts)).toBeLessThan(1_150)
    expect(shardOf('somebody', 8)).toBe(shardOf('somebody', 8))
    expect(shardOf('somebody', 1)).toBe(0)
  })
})
