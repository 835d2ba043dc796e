import { describe, expect, it } from 'vitest'
import {
  etaSeconds,
  positionBound,
  type Progress as ClientsProgress,
} from '../../../src/client/position-bound.ts'
import { act } from '../../../src/core/line-operator.ts'
import type { LineState } from '../../../src/core/line-state.ts'
import { join, leave, livePlace } from '../../../src/core/line-visitors.ts'
import { progressView, stepsOf } from '../../../src/core/progress.ts'
import { RankIndex } from '../../../src/core/rank-index.ts'
import type { Progress } from '../../../src/core/views.ts'
import { Random } from '../../sim/random.ts'
import { joinAll, lineWith, promote, T0, tools } from './fixtures.ts'

const EXACT_UP_TO = 32

function shownBy(line: LineState): Progress {
  return progressView(line, false, T0, T0)
}

function truthOf(line: LineState): Map<number, number> {
  const truth = new Map<number, number>()
  for (const visitor of line.waiting.all()) {
    if (visitor.number !== null) truth.set(visitor.number, line.waiting.position(visitor) ?? 0)
  }
  return truth
}

/** Joins, leaves and admissions by chance, in bursts; the same seed gives the same line. */
function move(line: LineState, random: Random, names: { next: number }): void {
  const waiting = [...line.waiting.all()].map(({ userId }) => userId)
  for (let change = random.between(1, 120); change > 0; change -= 1) {
    const isJoin = random.chance(0.5) || waiting.length === 0
    if (isJoin) join(line, `u${(names.next += 1)}`, T0)
    else leave(line, random.pick(waiting), T0)
  }
  if (random.chance(0.5)) {
    line.event = { ...line.event, config: { ...line.event.config, capacity: random.between(0, 40) } }
    line.tickBudget = 1_000
    promote(line)
  }
}

describe('the document of progress', () => {
  it.each([
    [1, 'fifo'],
    [2, 'fifo'],
    [3, 'fifo'],
    [4, 'lottery'],
    [5, 'lottery'],
  ] as const)(
    'INV-8: what follows from it is never below the truth, exact near the head, and falls (seed %i, %s)',
    (seed, queueing) => {
      const random = new Random(seed)
      const names = { next: 0 }
      const line = lineWith({ capacity: 0, queueing, status: queueing === 'lottery' ? 'scheduled' : 'open' })
      joinAll(
        line,
        Array.from({ length: random.between(100, 2_000) }, () => `u${(names.next += 1)}`),
      )
      act(line, 'open', T0, tools)
      let older = shownBy(line)
      const shown = new Map<number, number>()
      for (let round = 0; round < 25; round += 1) {
        move(line, random, names)
        const newer = shownBy(line)
        for (const [number, position] of truthOf(line)) {
          const bound = positionBound(newer.steps, number) ?? 0
          expect(bound).toBeGreaterThanOrEqual(position)
          expect(positionBound(older.steps, number)).toBeGreaterThanOrEqual(position)
          expect(bound).toBeLessThan(position * 1.25 + 1e-9)
          if (position <= EXACT_UP_TO) expect(bound).toBe(position)
          const before = shown.get(number) ?? null
          const told = positionBound(newer.steps, number, before) ?? 0
          expect(told).toBeGreaterThanOrEqual(position)
          expect(told).toBeLessThanOrEqual(before ?? told)
          shown.set(number, told)
        }
        older = newer
      }
    },
  )

  it.each([6, 7, 8])(
    'INV-8: by itself a newer one is never above an older one, while nobody joins behind (seed %i)',
    (seed) => {
      const random = new Random(seed)
      const line = lineWith({ capacity: 0 })
      joinAll(
        line,
        Array.from({ length: 3_000 }, (_, at) => `u${at}`),
      )
      let older = shownBy(line)
      while (line.waiting.size > 10) {
        const waiting = [...line.waiting.all()]
        for (let gone = 0; gone < 100; gone += 1) leave(line, random.pick(waiting).userId, T0)
        for (const { userId } of line.waiting.head(random.between(0, 60), true)) leave(line, userId, T0)
        const newer = shownBy(line)
        for (const [number] of truthOf(line)) {
          const bound = positionBound(newer.steps, number) ?? 0
          expect(bound).toBeLessThanOrEqual(positionBound(older.steps, number) ?? 0)
        }
        older = newer
      }
    },
  )

  it('a line that nobody has left is one step, and everybody finds the exact position', () => {
    const line = lineWith({ capacity: 5 })
    joinAll(
      line,
      Array.from({ length: 500 }, (_, at) => `u${at}`),
    )
    expect(shownBy(line).steps).toEqual([[500, 500]])
    promote(line)
    const { steps } = shownBy(line)
    expect(steps).toEqual([
      [6, 1],
      [500, 495],
    ])
    expect(positionBound(steps, 256)).toBe(251)
  })

  it('before the draw of a lottery there are no steps; after it they are of the drawn numbers', () => {
    const line = lineWith({ capacity: 0, queueing: 'lottery', status: 'scheduled' })
    joinAll(line, ['ann', 'ben', 'cleo', 'dora'])
    expect(shownBy(line)).toMatchObject({ waiting: 4, steps: [], status: 'scheduled' })
    expect(livePlace(line, 'ann', T0)?.value).toMatchObject({ joinNumber: 1, number: null, position: null })
    act(line, 'open', T0, tools)
    const { steps } = shownBy(line)
    for (const userId of ['ann', 'ben', 'cleo', 'dora']) {
      const place = livePlace(line, userId, T0)?.value
      expect(positionBound(steps, place?.number ?? 0)).toBe(place?.position)
    }
  })

  it('an empty line has one step, and the next to join counts from it', () => {
    const line = lineWith({ capacity: 3 })
    expect(shownBy(line).steps).toEqual([[0, 0]])
    joinAll(line, ['ann', 'ben'])
    promote(line)
    expect(shownBy(line)).toMatchObject({ waiting: 0, nowServing: 2, steps: [[2, 0]] })
    expect(positionBound(shownBy(line).steps, 4)).toBe(2)
  })

  it('the pace gives the range that the line itself gives, to three digits, and none while the event stands still', () => {
    const line = lineWith({ capacity: 40 })
    joinAll(
      line,
      Array.from({ length: 400 }, (_, at) => `u${at}`),
    )
    promote(line)
    const { pacePerMinute } = shownBy(line)
    const own = line.pace.etaSeconds(300, T0)
    const reckoned = etaSeconds(pacePerMinute, 300)
    expect(Math.abs((reckoned?.low ?? 0) - (own?.low ?? 9e9))).toBeLessThanOrEqual(1)
    expect((reckoned?.high ?? 0) / (own?.high ?? 0)).toBeCloseTo(1, 2)
    act(line, 'pause', T0, tools)
    expect(shownBy(line).pacePerMinute).toBeNull()
  })

  it('it is what clients are told that it is', () => {
    const forClients: ClientsProgress = shownBy(lineWith())
    expect(Object.keys(forClients)).toEqual([
      'eventId',
      'status',
      'holding',
      'waiting',
      'nowServing',
      'pacePerMinute',
      'steps',
      'updatedAt',
    ])
  })
})

describe('the size and the work of it', () => {
  it.each([
    [100_000, 69],
    [1_000_000, 79],
  ])(
    'at its largest a document of %i who wait has %i steps, asked for one by one, in less than 1.5 kB',
    (size, count) => {
      const ranks = new RankIndex<object>()
      // Every second one has left, so that no step follows from the one before.
      for (let number = 2; number <= size * 2; number += 2) ranks.add(number, {})
      let asked = 0
      const numberAt = (rank: number) => {
        asked += 1
        return ranks.numberAt(rank)
      }
      const steps = stepsOf({ size, numberAt }, size * 2 + 1)
      expect([steps.length, asked]).toEqual([count, count - 1])
      expect(JSON.stringify({ ...shownBy(lineWith()), steps }).length).toBeLessThan(1_500)
    },
  )
})
