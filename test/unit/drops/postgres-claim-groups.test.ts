/** What becomes of claims whose group waits too long, fails, or cannot be taken. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CLAIM_STATEMENTS_MAX, CLAIM_WAIT_MS } from '../../../src/drops/core/limits.ts'
import { ClaimGroups } from '../../../src/drops/postgres/claim-groups.ts'
import type { ClaimRow } from '../../../src/drops/postgres/statements.ts'
import { Overloaded } from '../../../src/ports/overloaded.ts'

type Asked = PromiseWithResolvers<ClaimRow[]> & { readonly userIds: readonly string[] }

let asked: Asked[]
let wakings: number
let groups: ClaimGroups

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  asked = []
  wakings = 0
  const rows = (_statement: string, [, userIds]: readonly unknown[]): Promise<ClaimRow[]> => {
    const statement = { ...Promise.withResolvers<ClaimRow[]>(), userIds: JSON.parse(String(userIds)) }
    asked.push(statement)
    return statement.promise
  }
  // The pool's method says by its caller what its rows are.
  const pool = { rows: rows as <Row>() => Promise<Row[]> }
  groups = new ClaimGroups(pool, { dropId: 'drop', wakeSoon: () => (wakings += 1) })
})

afterEach(() => {
  vi.useRealTimers()
})

const taken = (userId: string): ClaimRow => ({ kind: 'taken', code: `C-${userId}`, claimed_at_ms: 1 })
const soldOut = (): ClaimRow => ({ kind: 'sold-out', epoch: 3 })

/** As many as are under way at once, each alone. */
function fill(): void {
  for (let nth = 0; nth < CLAIM_STATEMENTS_MAX; nth += 1) void groups.claim(`first-${nth}`)
}

async function answer(nth: number, rowOf: (userId: string) => ClaimRow): Promise<void> {
  asked[nth]?.resolve(asked[nth].userIds.map(rowOf))
  await new Promise((resolve) => setImmediate(resolve))
}

describe('claims of a group', () => {
  it('are told each what becomes of it, and wake the object once when something was taken', async () => {
    fill()
    const claims = Promise.all([groups.claim('ada'), groups.claim('bob'), groups.claim('ada')])
    await answer(0, soldOut)
    expect(wakings).toBe(0)
    expect(asked.at(-1)?.userIds).toEqual(['ada', 'bob'])
    await answer(asked.length - 1, (userId) => (userId === 'ada' ? taken(userId) : soldOut()))
    const claim = { state: 'issued', code: 'C-ada', claimedAtMs: 1 }
    expect(await claims).toEqual([
      { kind: 'claimed', claim, isNew: true },
      { kind: 'sold-out', epoch: 3 },
      { kind: 'claimed', claim, isNew: false },
    ])
    expect(wakings).toBe(1)
  })

  it('that have waited too long are refused when their turn comes, and nothing is asked for them', async () => {
    fill()
    const late = Promise.allSettled([groups.claim('ada'), groups.claim('bob')])
    vi.advanceTimersByTime(CLAIM_WAIT_MS + 1)
    const inTime = groups.claim('eve')
    await answer(0, soldOut)
    expect(asked.at(-1)?.userIds).toEqual(['eve'])
    await answer(asked.length - 1, taken)
    expect(await inTime).toMatchObject({ kind: 'claimed' })
    for (const outcome of await late) expect(outcome).toMatchObject({ reason: expect.any(Overloaded) })
  })

  it('all fail with their statement, and the object is woken: any of them may have been made', async () => {
    fill()
    const claims = Promise.allSettled([groups.claim('ada'), groups.claim('bob')])
    await answer(0, soldOut)
    asked.at(-1)?.reject(new Error('gone'))
    expect((await claims).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(asked).toHaveLength(CLAIM_STATEMENTS_MAX + 1)
    expect(wakings).toBe(1)
  })
})
