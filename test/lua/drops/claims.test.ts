import { describe, expect, it } from 'vitest'
import { StoreUnavailable } from '../../../src/ports/pool-gate.ts'
import { overEveryEngine, type Harness } from '../pool-harness.ts'
import {
  KEYS,
  NOTHING_SEEN,
  RESEND_MS,
  claimOne,
  codes,
  dumpDrop,
  fill,
  gateOf,
  restoreDrop,
} from './drop-harness.ts'

const HOUR_MS = 3_600_000
const users = (count: number) => Array.from({ length: count }, (_, i) => `user-${i}`)

overEveryEngine('a claim in Redis', (harness) => {
  const claim = (userId: string) => claimOne(gateOf(harness), userId)

  it('INV-11: gives each of the first as many as there are codes one of them, and everybody else none', async () => {
    const gate = gateOf(harness)
    await fill(gate, 1, { codes: codes(1, 50) })
    const outcomes = await Promise.all(users(200).map((user) => claim(user)))
    expect(outcomes.filter(({ kind }) => kind === 'claimed')).toHaveLength(50)
    expect(outcomes.filter(({ kind }) => kind === 'sold-out')).toHaveLength(150)
    const outbox = await gate.takeOutbox({ generation: 1, claimed: 50 }, RESEND_MS, 1_000)
    const due = outbox.kind === 'outbox' ? outbox.due : []
    expect(new Set(due.map(({ code }) => code))).toEqual(new Set(codes(1, 50)))
    expect(new Set(due.map(({ userId }) => userId)).size).toBe(50)
  })

  it('INV-11: a visitor who asks again, even at the same moment, has the same claim and takes no second code', async () => {
    await fill(gateOf(harness), 1, { codes: codes(1, 3) })
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => claim('ann')))
    const claimed = outcomes.filter((outcome) => outcome.kind === 'claimed')
    expect(claimed).toHaveLength(20)
    expect(claimed.filter(({ isNew }) => isNew)).toHaveLength(1)
    expect(new Set(claimed.map(({ claim: { claimedAtMs } }) => claimedAtMs)).size).toBe(1)
    expect(await harness.redis.client.llen(KEYS.now.codes)).toBe(2)
  })

  it('INV-11: a claim whose answer was lost is the same claim when the visitor asks again', async () => {
    await fill(gateOf(harness), 1, { codes: codes(1, 3) })
    await claim('warm up')
    harness.redis.front.faults.set({ dropAfterExecute: 1 })
    await expect(claim('ann')).rejects.toThrow(StoreUnavailable)
    expect(await claim('ann')).toMatchObject({ kind: 'claimed', isNew: false })
    expect(await harness.redis.client.llen(KEYS.now.codes)).toBe(1)
  })

  it('does not tell the code before the record is confirmed, and tells the same from then on', async () => {
    const gate = gateOf(harness)
    await fill(gate, 1, { codes: ['first'] })
    const taken = await claim('ann')
    expect(taken).toMatchObject({ kind: 'claimed', isNew: true, claim: { state: 'pending' } })
    expect(JSON.stringify(taken)).not.toContain('first')
    await gate.confirm(1, [{ userId: 'ann', code: 'first', claimedAtMs: 0 }])
    const told = { kind: 'claimed', claim: { state: 'issued', code: 'first' } }
    expect(await claim('ann')).toMatchObject({ ...told, isNew: false })
    expect(await gate.find('ann', NOTHING_SEEN)).toMatchObject(told)
    expect(await gate.find('bob', NOTHING_SEEN)).toMatchObject({ kind: 'none' })
  })

  describe('together with others', () => {
    const taken = { kind: 'claimed', isNew: true, claim: { state: 'pending' } }
    const answersTo = async (userIds: readonly string[]) => {
      const reply = await gateOf(harness).claim(userIds, NOTHING_SEEN)
      if (reply.kind !== 'answers') throw new Error(reply.kind)
      return reply
    }

    it('INV-11: takes the next codes in the order of the visitors, and tells each what they have', async () => {
      const gate = gateOf(harness)
      await fill(gate, 1, { codes: codes(1, 600) })
      await claim('earlier')
      await gate.confirm(1, [{ userId: 'earlier', code: 'CODE-1', claimedAtMs: 0 }])
      const others = users(500)
      const { seen, answers } = await answersTo(['earlier', ...others])
      expect(seen).toEqual({ generation: 1, claimed: 501 })
      expect(answers[0]).toMatchObject({ isNew: false, claim: { state: 'issued', code: 'CODE-1' } })
      for (const answer of answers.slice(1)) expect(answer).toMatchObject(taken)
      const outbox = await gate.takeOutbox(seen, RESEND_MS, 1_000)
      const due = outbox.kind === 'outbox' ? outbox.due : []
      const byUser = new Map(due.map(({ userId, code }) => [userId, code]))
      expect(others.map((userId) => byUser.get(userId))).toEqual(codes(2, 501))
      expect(await harness.redis.client.llen(KEYS.now.codes)).toBe(99)
    })

    it('INV-11: a visitor who is named twice takes one code, and finds it the second time', async () => {
      await fill(gateOf(harness), 1, { codes: codes(1, 3) })
      const { seen, answers } = await answersTo(['ann', 'bob', 'ann', 'ann'])
      expect(seen.claimed).toBe(2)
      const found = { ...taken, isNew: false }
      expect(answers).toMatchObject([taken, taken, found, found])
      expect(await harness.redis.client.lrange(KEYS.now.codes, 0, -1)).toEqual(['CODE-3'])
      expect((await answersTo(['ann', 'bob'])).answers).toMatchObject([found, found])
    })

    it('INV-11: of more visitors than codes the first have one, and whoever had one before is not turned away', async () => {
      await fill(gateOf(harness), 1, { codes: codes(1, 3) }, { epoch: 7 })
      await claim('ann')
      const soldOut = { kind: 'sold-out', epoch: 7 }
      const { seen, answers } = await answersTo(['bob', 'cy', 'dee', 'ann', 'eve', 'dee'])
      expect(answers).toMatchObject([taken, taken, soldOut, { ...taken, isNew: false }, soldOut, soldOut])
      expect(seen.claimed).toBe(3)
      const after = await dumpDrop(harness)
      expect((await answersTo(['dee', 'ann'])).answers).toMatchObject([soldOut, { isNew: false }])
      expect(await dumpDrop(harness)).toEqual(after)
    })

    it('INV-11: nobody takes anything where codes are missing, or where there are too many', async () => {
      await fill(gateOf(harness), 1, { codes: codes(1, 5) })
      await claim('ann')
      for (const spoil of ['lpop', 'rpush'] as const) {
        if (spoil === 'lpop') await harness.redis.client.lpop(KEYS.now.codes)
        else await harness.redis.client.rpush(KEYS.now.codes, 'CODE-5', 'FOREIGN')
        const before = await dumpDrop(harness)
        expect(await gateOf(harness).claim(['ann', 'bob', 'cy'], NOTHING_SEEN)).toEqual({ kind: 'lost' })
        expect(await dumpDrop(harness)).toEqual(before)
      }
    })

    it('is early or late for those who have none, and changes nothing', async () => {
      const gate = gateOf(harness)
      const opensAtMs = Date.now() + HOUR_MS
      await fill(
        gate,
        1,
        { codes: codes(1, 3), owed: [{ userId: 'ann', code: 'A', claimedAtMs: 5, isParked: false }] },
        { opensAtMs },
      )
      const had = { kind: 'claimed', isNew: false, claim: { state: 'pending', claimedAtMs: 5 } }
      const before = await dumpDrop(harness)
      const early = { kind: 'not-open', opensAtMs }
      expect((await answersTo(['bob', 'ann', 'cy'])).answers).toEqual([early, had, early])
      expect(await dumpDrop(harness)).toEqual(before)
      const closing = { opensAtMs: null, closesAtMs: Date.now() - 1_000 }
      await gate.change({ generation: 1, epoch: 1, stockBefore: 4, codes: [], configVersion: 2, ...closing })
      expect((await answersTo(['bob', 'ann'])).answers).toEqual([{ kind: 'closed' }, had])
    })

    it('a call for nobody answers nobody', async () => {
      await fill(gateOf(harness), 1, { codes: codes(1, 3) })
      expect(await answersTo([])).toEqual({
        kind: 'answers',
        seen: { generation: 1, claimed: 0 },
        answers: [],
      })
    })
  })

  it('is not taken before the opening or after the closing, by the clock of Redis, but a claim that was made is told', async () => {
    const gate = gateOf(harness)
    const opensAtMs = Date.now() + HOUR_MS
    await fill(gate, 1, { codes: codes(1, 3) }, { opensAtMs })
    expect(await claim('ann')).toMatchObject({ kind: 'not-open', opensAtMs })
    const change = { generation: 1, epoch: 1, stockBefore: 3, codes: [] }
    await gate.change({ ...change, configVersion: 2, opensAtMs: Date.now() - 1_000, closesAtMs: null })
    expect(await claim('ann')).toMatchObject({ kind: 'claimed' })
    await gate.change({ ...change, configVersion: 3, opensAtMs: null, closesAtMs: Date.now() - 1_000 })
    expect(await claim('bob')).toMatchObject({ kind: 'closed' })
    expect(await claim('ann')).toMatchObject({ kind: 'claimed', isNew: false })
    await gate.change({ ...change, configVersion: 2, opensAtMs: null, closesAtMs: null })
    expect(await claim('bob'), 'an older change that comes late').toMatchObject({ kind: 'closed' })
  })

  it('takes any name of a visitor, and no name for anything else', async () => {
    const gate = gateOf(harness)
    const names = ['generation:1', 'stock', 'u:ann', '한국어 😀', 'a\nb', '-inf']
    await fill(gate, 1, { codes: codes(1, 20) })
    for (const name of names) expect(await claim(name)).toMatchObject({ kind: 'claimed', isNew: true })
    const outbox = await gate.takeOutbox({ generation: 1, claimed: 6 }, RESEND_MS, 10)
    expect(outbox).toMatchObject({ stock: 20, pending: 6 })
    const due = outbox.kind === 'outbox' ? outbox.due : []
    expect(due.map(({ userId }) => userId).toSorted()).toEqual(names.toSorted())
  })

  describe('when the drop was lost', () => {
    const losses: Record<string, (harness: Harness) => Promise<unknown>> = {
      'everything was flushed': ({ redis }) => redis.client.flushall(),
      'only the hash is gone': ({ redis }) => redis.client.del(KEYS.now.drop),
      'only the codes are gone': ({ redis }) => redis.client.del(KEYS.now.codes),
      'it was never filled': ({ redis }) => redis.client.del(...Object.values(KEYS.now)),
    }

    it.each(Object.entries(losses))('takes nothing and fills nothing: %s', async (_title, lose) => {
      await fill(gateOf(harness), 1, { codes: codes(1, 3) })
      await claim('ann')
      await lose(harness)
      const before = await dumpDrop(harness)
      expect(await claim('bob')).toEqual({ kind: 'lost' })
      expect(await dumpDrop(harness)).toEqual(before)
    })

    it('INV-11: an older copy is noticed by whoever was told more', async () => {
      const gate = gateOf(harness)
      await fill(gate, 1, { codes: codes(1, 3) })
      const older = await dumpDrop(harness)
      await claim('ann')
      await restoreDrop(harness, older)
      const seen = { generation: 1, claimed: 1 }
      expect(await gate.claim(['bob'], seen)).toEqual({ kind: 'lost' })
      expect(await gate.find('ann', seen)).toEqual({ kind: 'lost' })
      expect(await gate.takeOutbox(seen, RESEND_MS, 10)).toEqual({ kind: 'lost' })
      expect(await gate.claim(['bob'], { generation: 2, claimed: 0 })).toEqual({ kind: 'lost' })
    })

    it('whoever remembers an older filling takes from the new one', async () => {
      const gate = gateOf(harness)
      await fill(gate, 2, { codes: codes(1, 3) })
      expect(await gate.claim(['bob'], { generation: 1, claimed: 3 })).toMatchObject({
        seen: { generation: 2, claimed: 1 },
        answers: [{ kind: 'claimed', isNew: true }],
      })
    })
  })
})
