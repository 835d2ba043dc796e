import { describe, expect, it, vi } from 'vitest'
import { CLAIM_WAIT_MS, CLAIMS_WAITING_MAX } from '../../../src/drops/core/limits.ts'
import type { ClaimOutcome } from '../../../src/drops/core/records.ts'
import { ClaimGroups } from '../../../src/drops/redis/claim-groups.ts'
import type { DropGate } from '../../../src/drops/redis/drop-gate.ts'
import { RedisClaims } from '../../../src/drops/redis/redis-claims.ts'
import type { AnswersReply } from '../../../src/drops/redis/replies.ts'
import { SeenDrop } from '../../../src/drops/redis/seen-drop.ts'
import { StoreUnavailable } from '../../../src/ports/pool-gate.ts'

const OVERLOADED = { ok: false, error: { reason: 'overloaded' } }
const users = (count: number, prefix = 'u') => Array.from({ length: count }, (_, i) => `${prefix}${i}`)
/** What tells one visitor's answer from another's. */
const outcomeOf = (userId: string): ClaimOutcome => ({ kind: 'sold-out', epoch: Number(userId.slice(1)) })

type Call = {
  readonly userIds: readonly string[]
  readonly answer: () => void
  readonly fail: (error: Error) => void
}

/** A lane whose calls to Redis are answered one by one. */
function laneOf() {
  const calls: Call[] = []
  const clock = { nowMs: 1_000 }
  const groups = new ClaimGroups({
    nowMs: () => clock.nowMs,
    claim: (userIds) => {
      const { promise, resolve, reject } = Promise.withResolvers<readonly ClaimOutcome[]>()
      calls.push({ userIds, answer: () => resolve(userIds.map(outcomeOf)), fail: reject })
      return promise
    },
  })
  /** Answers whatever is asked until nobody asks any more. */
  const answerAll = async (from = 0): Promise<void> => {
    for (let index = from; index < calls.length; index += 1) {
      calls[index]?.answer()
      await settled()
    }
  }
  return { groups, calls, clock, answerAll }
}

/** Everything that could go on without another answer has. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a lane of claims', () => {
  it('lets nobody wait while it is idle, and takes who comes meanwhile together with the next call', async () => {
    const { groups, calls, answerAll } = laneOf()
    const names = users(30)
    const answers = Promise.all(names.map((userId) => groups.claim(userId)))
    expect(calls.map(({ userIds }) => userIds)).toEqual([['u0'], ['u1']])
    await answerAll()
    expect(calls.map(({ userIds }) => userIds.length)).toEqual([1, 1, 28])
    expect(await answers).toEqual(names.map((userId) => ({ ok: true, value: outcomeOf(userId) })))
  })

  it('asks for no more than a hundred in a call', async () => {
    const { groups, calls, answerAll } = laneOf()
    const answers = Promise.all(users(252).map((userId) => groups.claim(userId)))
    await answerAll()
    await answers
    expect(calls.map(({ userIds }) => userIds.length)).toEqual([1, 1, 100, 100, 50])
  })

  it('a call that breaks breaks for its visitors, and for nobody after them', async () => {
    const { groups, calls, answerAll } = laneOf()
    const first = groups.claim('u1')
    calls[0]?.fail(new Error('unreadable'))
    await expect(first).rejects.toThrow('unreadable')
    const second = groups.claim('u2')
    await answerAll(1)
    expect(await second).toEqual({ ok: true, value: outcomeOf('u2') })
  })

  it('refuses more than can wait, and asks nothing for them', async () => {
    const { groups, calls, answerAll } = laneOf()
    const names = users(CLAIMS_WAITING_MAX + 3)
    const answers = names.map((userId) => groups.claim(userId))
    expect(await answers.at(-1)).toMatchObject(OVERLOADED)
    await answerAll()
    const refused = (await Promise.all(answers)).filter(({ ok }) => !ok)
    expect(refused).toHaveLength(1)
    expect(calls.flatMap(({ userIds }) => userIds)).toEqual(names.slice(0, -1))
  })

  it('refuses who has waited too long behind a Redis that does not answer, and asks nothing for them', async () => {
    const { groups, calls, clock } = laneOf()
    const [first, second, early] = [groups.claim('u1'), groups.claim('u2'), groups.claim('u3')]
    clock.nowMs += CLAIM_WAIT_MS
    const late = groups.claim('u4')
    clock.nowMs += 1
    for (const call of calls) call.answer()
    await settled()
    expect(calls.map(({ userIds }) => userIds)).toEqual([['u1'], ['u2'], ['u4']])
    calls[2]?.answer()
    expect(await early).toMatchObject(OVERLOADED)
    const answered = await Promise.all([first, second, late])
    expect(answered).toEqual(['u1', 'u2', 'u4'].map((userId) => ({ ok: true, value: outcomeOf(userId) })))
  })
})

describe('a call for many claims', () => {
  const seen = { generation: 1, claimed: 4 }
  const taken = { kind: 'claimed', isNew: true, claim: { state: 'pending', claimedAtMs: 5 } } as const
  const soldOut = { kind: 'sold-out', epoch: 3 } as const

  function claimsWith(claim: DropGate['claim']) {
    const wake = vi.fn()
    const drop = new SeenDrop()
    const gate = { claim } as Partial<DropGate> as DropGate
    const claims = new RedisClaims({ dropId: 'd', gate, seen: drop, nowMs: () => 1_000, wake })
    return { claims, wake, drop }
  }
  const answering = (reply: AnswersReply) => claimsWith(async () => reply)

  it('hands each visitor what Redis said of them, remembers how far it is, and has the object drain', async () => {
    const { claims, wake, drop } = answering({ kind: 'answers', seen, answers: [taken, soldOut] })
    expect(await claims.claim(['ann', 'bob'])).toEqual([taken, soldOut])
    expect(drop.seen).toEqual(seen)
    expect(wake).toHaveBeenCalledTimes(1)
  })

  it('wakes nobody when nobody took anything', async () => {
    const { claims, wake } = answering({
      kind: 'answers',
      seen,
      answers: [{ ...taken, isNew: false }, soldOut],
    })
    await claims.claim(['ann', 'bob'])
    expect(wake).not.toHaveBeenCalled()
  })

  it.each(['loading', 'lost'] as const)(
    'is to be made again by all of them while the drop is %s',
    async (kind) => {
      const { claims, wake } = answering({ kind })
      const retry = { kind: 'retry', afterSeconds: 1 }
      expect(await claims.claim(['ann', 'bob'])).toEqual([retry, retry])
      expect(wake).toHaveBeenCalledTimes(kind === 'lost' ? 1 : 0)
    },
  )

  it('whose outcome is unknown is to be made again by all of them, and the object looks what became of it', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    const { claims, wake } = claimsWith(() => Promise.reject(new StoreUnavailable('no answer')))
    const retry = { kind: 'retry', afterSeconds: 2 }
    expect(await claims.claim(['ann', 'bob'])).toEqual([retry, retry])
    expect(wake).toHaveBeenCalledTimes(1)
    vi.restoreAllMocks()
  })
})
