/** The decisions of the drops that need nobody else. */
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DropsFeed } from '../../../src/core/drop-news.ts'
import { fingerprintsOf, mayBeOneOf } from '../../../src/drops/core/claimants.ts'
import { codeOf, RANDOM_BYTES_OF_A_CODE } from '../../../src/drops/core/codes.ts'
import { addsUp, nextEdgeMs, statusAt } from '../../../src/drops/core/standing.ts'
import { claimIdOf } from '../../../src/drops/http/views.ts'
import { outcomesOf } from '../../../src/drops/records/outcomes.ts'

describe('a generated code', () => {
  it('is every one of its 80 random bits, in letters that nobody mistakes', () => {
    expect(codeOf(new Uint8Array(10))).toBe('0000-0000-0000-0000')
    expect(codeOf(new Uint8Array(10).fill(255))).toBe('ZZZZ-ZZZZ-ZZZZ-ZZZZ')
    for (let bit = 0; bit < 80; bit += 1) {
      const random = new Uint8Array(10)
      random[bit >>> 3] = 128 >>> (bit & 7)
      const letters = codeOf(random).replaceAll('-', '')
      const value = Array.from(letters, (letter) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(letter))
      const bits = value.map((five) => five.toString(2).padStart(5, '0')).join('')
      expect(bits.indexOf('1')).toBe(bit)
      expect(bits.lastIndexOf('1')).toBe(bit)
    }
  })

  it('comes once: of 100,000 no two are the same', () => {
    const codes = Array.from({ length: 100_000 }, () => codeOf(randomBytes(RANDOM_BYTES_OF_A_CODE)))
    expect(new Set(codes).size).toBe(100_000)
    expect(codes.every((code) => /^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/.test(code))).toBe(true)
  })
})

describe('the fingerprints of who has a claim', () => {
  const winners = Array.from({ length: 20_000 }, (_, index) => `g_${(index * 7_919).toString(36)}`)

  it('never leave out a winner', () => {
    const fingerprints = fingerprintsOf(winners)
    expect(winners.filter((userId) => !mayBeOneOf(fingerprints, userId))).toEqual([])
    expect(mayBeOneOf(fingerprintsOf([]), 'ann')).toBe(false)
  })

  it('take hardly any other for one: fewer than one in ten thousand', () => {
    const fingerprints = fingerprintsOf(winners)
    const others = Array.from({ length: 200_000 }, (_, index) => `g-${index}`)
    expect(others.filter((userId) => mayBeOneOf(fingerprints, userId)).length).toBeLessThan(20)
  })
})

describe('how a drop stands', () => {
  const window = { opensAtMs: 1_000, closesAtMs: 2_000 }

  it.each([
    [999, 5, 'scheduled'],
    [999, 0, 'scheduled'],
    [1_000, 5, 'open'],
    [1_999, 0, 'sold_out'],
    [2_000, 5, 'closed'],
    [2_000, 0, 'closed'],
  ])('at %i with %i left it is %s', (nowMs, remaining, status) => {
    expect(statusAt(window, remaining, nowMs)).toBe(status)
  })

  it('the next edge is the first that is ahead', () => {
    expect([999, 1_000, 1_999, 2_000].map((nowMs) => nextEdgeMs(window, nowMs))).toEqual([
      1_000,
      2_000,
      2_000,
      null,
    ])
    expect(nextEdgeMs({ opensAtMs: null, closesAtMs: null }, 0)).toBeNull()
  })

  it('INV-11: the counts add up exactly when nothing is lost, doubled or below zero', () => {
    const fine = { stock: 10, issued: 5, pending: 3, failed: 1, remaining: 2 }
    expect(addsUp(fine)).toBe(true)
    expect(addsUp({ ...fine, issued: 6 })).toBe(false)
    expect(addsUp({ ...fine, remaining: 1 })).toBe(false)
    expect(addsUp({ ...fine, failed: 4 })).toBe(false)
    expect(addsUp({ ...fine, issued: 11, remaining: -4 })).toBe(false)
  })
})

it('a claim has the same id for ever, and another for another visitor or drop', () => {
  expect(claimIdOf('d', 'ann')).toBe(claimIdOf('d', 'ann'))
  const ids = [claimIdOf('d', 'ann'), claimIdOf('d', 'bob'), claimIdOf('e', 'ann'), claimIdOf('da', 'nn')]
  expect(new Set(ids).size).toBe(4)
  expect(ids.every((id) => /^[\w-]{22}$/.test(id))).toBe(true)
})

it('what an insert has led to is said of each claim', () => {
  const claims = ['ann', 'bob', 'cid'].map((userId) => ({
    userId,
    code: `code of ${userId}`,
    claimedAtMs: 1,
  }))
  const codes = new Map([
    ['ann', 'code of ann'],
    ['bob', 'another'],
  ])
  expect(outcomesOf(claims, codes, true)).toEqual(['recorded', 'conflict', 'conflict'])
  expect(outcomesOf(claims, codes, false)).toEqual(['recorded', 'stale', 'stale'])
})

describe('the news of drops', () => {
  it('are told once, the latest of each drop, in their order', () => {
    const feed = new DropsFeed()
    feed.add({ dropId: 'a', status: 'open', epoch: 1, atMs: 1 })
    feed.add({ dropId: 'b', status: 'open', epoch: 1, atMs: 2 })
    feed.add({ dropId: 'a', status: 'sold_out', epoch: 1, atMs: 3 })
    feed.add({ dropId: 'a', status: 'sold_out', epoch: 1, atMs: 4 })
    expect(feed.version).toBe(3)
    expect(feed.since(0).map(({ dropId, status }) => `${dropId} ${status}`)).toEqual(['b open', 'a sold_out'])
    expect(feed.since(2).map(({ dropId }) => dropId)).toEqual(['a'])
    expect(feed.since(3)).toEqual([])
  })

  it('that were overtaken on their way are passed over', () => {
    const feed = new DropsFeed()
    feed.add({ dropId: 'a', status: 'sold_out', epoch: 1, atMs: 5 })
    feed.add({ dropId: 'a', status: 'open', epoch: 1, atMs: 4 })
    expect(feed.since(0)).toMatchObject([{ status: 'sold_out' }])
    feed.add({ dropId: 'a', status: 'sold_out', epoch: 1, atMs: 8 })
    feed.add({ dropId: 'a', status: 'open', epoch: 1, atMs: 7 })
    expect(feed.since(0)).toMatchObject([{ status: 'sold_out' }])
    feed.add({ dropId: 'a', status: 'open', epoch: 2, atMs: 3 })
    feed.add({ dropId: 'a', status: 'sold_out', epoch: 1, atMs: 9 })
    expect(feed.since(0)).toMatchObject([{ status: 'open', epoch: 2 }])
  })
})
