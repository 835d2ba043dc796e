import { describe, expect, it } from 'vitest'
import { StoreProtocolError } from '../../src/ports/pool-gate.ts'
import { parseChange, parseCheck, parseReassert, parseRedeem, parseReserve } from '../../src/redis/replies.ts'

const view = { epoch: 2, version: 7 }

describe('a reply of a script', () => {
  it.each([
    [parseReserve(['granted', '2', '7', '3', '0'], 3), { kind: 'granted', view, count: 3, free: 0 }],
    [parseReserve(['recovering', '2', '7'], 3), { kind: 'recovering', view }],
    [parseReserve(['lost'], 3), { kind: 'lost' }],
    [parseChange(['done', '2', '7', '1']), { kind: 'done', view, changed: 1 }],
    [parseChange(['lost']), { kind: 'lost' }],
    [parseRedeem(['taken', '2', '7']), { kind: 'taken', view }],
    [parseRedeem(['lost']), { kind: 'lost' }],
    [parseCheck(['checked', '2', '7', '4'], 0), { kind: 'checked', view, leases: 4, tokens: [] }],
    [parseCheck(['lost'], 5), { kind: 'lost' }],
    [parseReassert(['open', '2', '7']), { kind: 'open', view }],
    [
      parseReassert(['recovering', '2', '7', 'B', 'C']),
      { kind: 'recovering', view, missingEventIds: ['B', 'C'] },
    ],
  ])('is read as what it says: %#', (parsed, expected) => {
    expect(parsed).toEqual(expected)
  })

  it.each<[string, () => unknown]>([
    ['no list', () => parseReserve('granted', 1)],
    ['nothing', () => parseReserve(null, 1)],
    ['an empty list', () => parseReserve([], 1)],
    ['a tag of another script', () => parseReserve(['done', '2', '7', '1'], 1)],
    ['a number in place of a string', () => parseReserve(['granted', 2, '7', '1', '0'], 1)],
    ['a float', () => parseReserve(['granted', '2', '7.5', '1', '0'], 1)],
    ['a number beyond exact integers', () => parseReserve(['recovering', '2', '99999999999999999'], 1)],
    ['too few values', () => parseReserve(['granted', '2', '7', '1'], 1)],
    ['too many values', () => parseChange(['done', '2', '7', '1', '1'])],
    ['more leases than were asked for', () => parseReserve(['granted', '2', '7', '2', '0'], 1)],
    ['fewer tokens than were asked about', () => parseCheck(['checked', '2', '7', '4', 'live'], 2)],
    ['a state that does not exist', () => parseCheck(['checked', '2', '7', '4', 'lively'], 1)],
    ['a redemption by nobody', () => parseCheck(['checked', '2', '7', '4', 'redeemed:'], 1)],
    ['an unknown redemption', () => parseRedeem(['ok', '2', '7'])],
    ['an unknown change', () => parseChange(['taken', '2', '7'])],
    ['an unknown check', () => parseCheck(['done', '2', '7'], 0)],
    ['a lost rebuilding', () => parseReassert(['lost'])],
  ])('that has %s is a protocol error and never a grant', (_title, parse) => {
    expect(parse).toThrow(StoreProtocolError)
  })
})
