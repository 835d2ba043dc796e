import { describe, expect, it } from 'vitest'
import { SEATS_TOLD_MAX, SeatsFeed, type SeatChange, type SeatsNews } from '../../../src/core/seats-feed.ts'

function news(previousVersion: number, version: number, ...seats: SeatChange[]): SeatsNews {
  return { version, previousVersion, seats }
}

function held(...seatIds: string[]): SeatChange[] {
  return seatIds.map((seatId) => ({ seatId, state: 'held' }))
}

describe('what a stream is told of the seats', () => {
  it('is nothing before anything has changed, and nothing twice', () => {
    const feed = new SeatsFeed()
    expect([feed.version, feed.since(0)]).toEqual([0, null])
    feed.add(news(1, 2, ...held('a')))
    expect(feed.since(1)).toEqual(news(1, 2, ...held('a')))
    expect(feed.since(2)).toBeNull()
  })

  it('is all that it has missed, each seat as it is now, on top of the map that it has', () => {
    const feed = new SeatsFeed()
    feed.add(news(1, 2, ...held('a', 'b')))
    feed.add(news(2, 5, { seatId: 'a', state: 'sold' }))
    expect(feed.since(1)).toEqual(news(1, 5, { seatId: 'a', state: 'sold' }, { seatId: 'b', state: 'held' }))
    expect(feed.since(2)).toEqual(news(2, 5, { seatId: 'a', state: 'sold' }))
  })

  it('shows by its versions that something is missing: after a gap, and for who was not told for long', () => {
    const feed = new SeatsFeed()
    feed.add(news(1, 2, ...held('a')))
    feed.add(news(7, 8, ...held('b')))
    expect(feed.since(1)).toEqual(news(7, 8, ...held('b')))
    for (let version = 9; version < 20; version += 1) feed.add(news(version - 1, version, ...held('c')))
    expect(feed.since(8)?.previousVersion).toBeGreaterThan(8)
    expect(feed.since(18)?.previousVersion).toBe(18)
  })

  it('is never more than can be told at once: the oldest are left out, which the versions show', () => {
    const feed = new SeatsFeed()
    const many = Array.from({ length: SEATS_TOLD_MAX }, (_, index) => `s${index}`)
    feed.add(news(1, 2, ...held('a')))
    feed.add(news(2, 3, ...held(...many)))
    expect(feed.since(1)).toEqual(news(2, 3, ...held(...many)))
  })

  it('is not taken back by news that come late', () => {
    const feed = new SeatsFeed()
    feed.add(news(1, 3, { seatId: 'a', state: 'sold' }))
    feed.add(news(1, 2, ...held('a')))
    expect(feed.since(1)).toEqual(news(1, 3, { seatId: 'a', state: 'sold' }))
  })
})
