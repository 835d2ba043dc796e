/** How often the office speaks to the line, and that nothing gets lost in between. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { SEATS_TOLD_MAX, type SeatsNews } from '../../../src/core/seats-feed.ts'
import { SeatNews } from '../../../src/purchase/objects/seat-news.ts'

let nowMs: number
let told: { readonly atMs: number; readonly news: SeatsNews }[]
let isLineAway: boolean
let timers: { readonly atMs: number; readonly go: () => void }[]
let seats: SeatNews

// What fails here is meant to.
vi.spyOn(console, 'warn').mockImplementation(() => {})

beforeEach(() => {
  nowMs = 1_800_000_000_000
  told = []
  timers = []
  isLineAway = false
  seats = new SeatNews({
    eventId: 'demo',
    nowMs: () => nowMs,
    wait: (ms) => new Promise((go) => timers.push({ atMs: nowMs + ms, go })),
    tell: async (news) => {
      if (isLineAway) throw new Error('the line is away')
      told.push({ atMs: nowMs, news })
    },
  })
})

let version = 1

function change(seatId: string, state: 'free' | 'held' | 'sold'): void {
  version += 1
  void seats.changed({ version, previousVersion: version - 1, seats: new Map([[seatId, state]]) })
}

async function pass(ms: number): Promise<void> {
  for (const endMs = nowMs + ms; nowMs < endMs;) {
    nowMs += 50
    for (const timer of timers.filter(({ atMs }) => atMs <= nowMs)) timer.go()
    timers = timers.filter(({ atMs }) => atMs > nowMs)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

describe('the line', () => {
  it('hears of the first change at once', async () => {
    change('a', 'held')
    await pass(50)
    expect(told.map(({ news }) => news)).toEqual([
      { version, previousVersion: version - 1, seats: [{ seatId: 'a', state: 'held' }] },
    ])
  })

  it('is spoken to once a second while seats change, and its versions have no gap', async () => {
    const first = version
    for (let step = 0; step < 100; step += 1) {
      change(`s${step % 7}`, step % 2 === 0 ? 'held' : 'free')
      await pass(50)
    }
    await pass(2_000)
    expect(told.length).toBeLessThanOrEqual(7)
    for (const [index, { atMs, news }] of told.entries()) {
      const before = told[index - 1]
      expect(news.previousVersion).toBe(before?.news.version ?? first)
      if (before !== undefined) expect(atMs - before.atMs).toBeGreaterThanOrEqual(1_000)
    }
    expect(told.at(-1)?.news.version).toBe(version)
  })

  it('hears of a seat that changed twice as it is now', async () => {
    change('z', 'held')
    await pass(50)
    change('a', 'held')
    change('a', 'free')
    await pass(2_000)
    expect(told.at(-1)?.news.seats).toEqual([{ seatId: 'a', state: 'free' }])
  })

  it('that was away finds a gap in the next news', async () => {
    isLineAway = true
    change('a', 'held')
    await pass(50)
    isLineAway = false
    change('b', 'held')
    await pass(2_000)
    expect(told.map(({ news }) => news)).toEqual([
      { version, previousVersion: version - 1, seats: [{ seatId: 'b', state: 'held' }] },
    ])
  })

  it('is told only that there is another map when the catalogue was replaced, or too much has changed', async () => {
    version += 1
    void seats.changed({ version, previousVersion: version - 1, seats: null })
    await pass(50)
    for (let seat = 0; seat <= SEATS_TOLD_MAX; seat += 1) change(`s${seat}`, 'held')
    await pass(2_000)
    for (const { news } of told) expect([news.previousVersion, news.seats]).toEqual([news.version, []])
    expect(told.at(-1)?.news.version).toBe(version)
  })
})
