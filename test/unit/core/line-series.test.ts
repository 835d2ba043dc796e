/** The charts of an event: every decision is counted in its step, once, and nothing is written while nothing happens. */
import { describe, expect, it } from 'vitest'
import { end, expireLeases, settleDebts } from '../../../src/core/line-admissions.ts'
import { chooseBatch, settleBatch } from '../../../src/core/line-promotion.ts'
import { LineSeries, type Sample } from '../../../src/core/line-series.ts'
import { join, leave } from '../../../src/core/line-visitors.ts'
import { decision, type Decision } from '../../../src/core/records.ts'
import { WaitTimes } from '../../../src/core/wait-times.ts'
import { counted, lineWith, T0, ticketsFor } from './fixtures.ts'

const STEP_MS = 10_000

/** A line whose decisions are observed as the engine does it. */
class ObservedLine {
  readonly saves: (readonly Sample[])[] = []
  readonly series = new LineSeries((samples) => void this.saves.push(samples))
  readonly line = lineWith({ capacity: 2 })
  readonly ids = counted()

  see<T>(made: Decision<T>, nowMs: number, errorsTotal = 0): T {
    this.series.observe(this.line, { streams: 3, errorsTotal }, made.changes, nowMs)
    return made.value
  }

  nothing(nowMs: number, errorsTotal = 0): void {
    this.see(decision(null), nowMs, errorsTotal)
  }

  join(nowMs: number, ...userIds: string[]): void {
    for (const userId of userIds) this.see(join(this.line, userId, nowMs), nowMs)
  }

  promote(nowMs: number): void {
    const batch = this.see(chooseBatch(this.line, nowMs, this.ids), nowMs)
    if (batch !== null) this.see(settleBatch(this.line, batch, ticketsFor(batch, nowMs), nowMs), nowMs)
  }

  gateConfirms(nowMs: number): void {
    this.see(settleDebts(this.line, 'release', this.line.ledger.debts()), nowMs)
  }
}

describe('the charts of an event', () => {
  it('count joins, admissions, ends and no-shows once each, in the step in which they were decided', () => {
    const world = new ObservedLine()
    world.join(T0, 'a', 'b', 'c')
    world.promote(T0 + 1_000)
    const [first] = world.line.ledger.live()
    if (first === undefined) throw new Error('nobody is inside')
    world.see(end(world.line, first, 'completed', T0 + STEP_MS), T0 + STEP_MS)
    // Told twice, and confirmed by the gate: still one end.
    world.see(end(world.line, { ...first, state: 'ended' }, 'completed', T0 + STEP_MS), T0 + STEP_MS)
    world.gateConfirms(T0 + STEP_MS + 1)
    world.see(expireLeases(world.line, T0 + 400_000), T0 + 400_000)
    expect(world.series.unsaved()).toMatchObject([
      {
        atMs: T0,
        joined: 3,
        admitted: 2,
        ended: 0,
        noShows: 0,
        waiting: 1,
        inside: 2,
        capacity: 2,
        streams: 3,
      },
      { atMs: T0 + STEP_MS, joined: 0, admitted: 0, ended: 1, noShows: 0, waiting: 1, inside: 1 },
      { atMs: T0 + 400_000, joined: 0, admitted: 0, ended: 1, noShows: 1, waiting: 1, inside: 0 },
    ])
  })

  it('count a failed call once, though its total is seen again and again', () => {
    const world = new ObservedLine()
    for (const [atMs, total] of [
      [0, 1],
      [1_000, 1],
      [2_000, 3],
      [STEP_MS, 3],
      [STEP_MS + 1, 4],
    ] as const) {
      world.nothing(T0 + atMs, total)
    }
    expect(world.series.unsaved().map(({ errors }) => errors)).toEqual([3, 1])
  })

  it('who was gone when the lease was granted was not admitted', () => {
    const world = new ObservedLine()
    world.join(T0, 'a')
    const batch = world.see(chooseBatch(world.line, T0, world.ids), T0)
    world.see(leave(world.line, 'a', T0), T0)
    if (batch === null) throw new Error('no batch')
    world.see(settleBatch(world.line, batch, ticketsFor(batch, T0), T0), T0)
    expect(world.series.unsaved()).toMatchObject([{ joined: 1, admitted: 0, waitSecondsP50: null }])
  })

  it('are saved when the watchdog comes, each step once and only when it is over', () => {
    const world = new ObservedLine()
    world.join(T0, 'a')
    world.join(T0 + STEP_MS, 'b')
    world.series.flush(T0 + STEP_MS + 9_999)
    world.series.flush(T0 + 2 * STEP_MS)
    world.series.flush(T0 + 3 * STEP_MS)
    expect(world.saves.map((samples) => samples.map(({ atMs }) => atMs - T0))).toEqual([[0], [STEP_MS]])
    expect(world.series.unsaved()).toEqual([])
  })

  it('of an event in which nothing happens write nothing, however often the watchdog comes', () => {
    const world = new ObservedLine()
    world.join(T0, 'a')
    for (let minute = 1; minute < 600; minute += 1) world.series.flush(T0 + minute * 60_000)
    expect(world.saves).toHaveLength(1)
  })

  it('are saved by the tick when the watchdog does not come, and hold no more than two minutes', () => {
    const world = new ObservedLine()
    let most = 0
    for (let second = 0; second < 3_600; second += 1) {
      world.nothing(T0 + second * 1_000)
      world.series.tick(T0 + second * 1_000)
      most = Math.max(most, world.series.unsaved().length)
    }
    expect(most).toBeLessThanOrEqual(13)
    expect(world.saves.length).toBe(29)
    expect(world.saves.flat().map(({ atMs }) => (atMs - T0) / STEP_MS)).toEqual(
      Array.from({ length: 348 }, (_, step) => step),
    )
  })

  it('of an event that is made again under its id begin anew', () => {
    const world = new ObservedLine()
    world.join(T0, 'a')
    world.promote(T0 + 1_000)
    world.series.clear()
    expect(world.series.unsaved()).toEqual([])
    world.nothing(T0 + 2_000)
    expect(world.series.unsaved()).toMatchObject([{ joined: 0, admitted: 0, waitSecondsP50: null }])
  })

  it('do not grow when they cannot be saved, and say so by throwing', () => {
    const series = new LineSeries(() => {
      throw new Error('no room')
    })
    series.observe(lineWith(), { streams: 0, errorsTotal: 0 }, [], T0)
    expect(() => series.flush(T0 + STEP_MS)).toThrow('no room')
    expect(series.unsaved()).toEqual([])
  })
})

describe('the waits of the last minutes', () => {
  it('are right to a tenth, from a moment to a day', () => {
    for (const waitMs of [150, 1_000, 7_300, 61_000, 3_599_000, 86_400_000]) {
      const waits = new WaitTimes()
      waits.add(T0, waitMs)
      const seconds = waits.quantileSeconds(0.5, T0 + STEP_MS) ?? 0
      expect(Math.abs(seconds - waitMs / 1_000) / (waitMs / 1_000)).toBeLessThan(0.06)
    }
    const none = new WaitTimes()
    expect(none.quantileSeconds(0.5, T0)).toBeNull()
    none.add(T0, 20)
    expect(none.quantileSeconds(0.5, T0)).toBe(0)
  })

  it('have the middle and the slow end of what was waited, whatever the order', () => {
    const waits = new WaitTimes()
    for (let n = 100; n > 0; n -= 1) waits.add(T0 + (n % 2), n * 1_000)
    expect(waits.quantileSeconds(0.5, T0 + STEP_MS)).toBeCloseTo(50, -1)
    expect(waits.quantileSeconds(0.95, T0 + STEP_MS)).toBeCloseTo(95, -1)
    expect(waits.quantileSeconds(1, T0 + STEP_MS)).toBeGreaterThan(95)
  })

  it('are forgotten after five minutes', () => {
    const waits = new WaitTimes()
    waits.add(T0, 1_000)
    expect(waits.quantileSeconds(0.5, T0 + 300_000)).not.toBeNull()
    expect(waits.quantileSeconds(0.5, T0 + 300_001)).toBeNull()
    waits.add(T0 + 300_000, 9_000)
    expect(waits.quantileSeconds(0.5, T0 + 310_000)).toBeCloseTo(9, 0)
  })
})
