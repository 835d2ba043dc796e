import { describe, expect, it } from 'vitest'
import { StoreUnavailable } from '../../../src/ports/pool-gate.ts'
import { overEveryEngine, type Harness } from '../pool-harness.ts'
import { KEYS, NOTHING_SEEN, RESEND_MS, codes, dumpDrop, fill, gateOf, restoreDrop } from './drop-harness.ts'

const HOUR_MS = 3_600_000
const users = (count: number) => Array.from({ length: count }, (_, i) => `user-${i}`)

overEveryEngine('a claim in Redis', (harness) => {
  const claim = (userId: string) => gateOf(harness).claim(userId, NOTHING_SEEN)

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

  it('is not taken before the opening or after the closing, by the clock of Redis, but a claim that was made is told', async () => {
    const gate = gateOf(harness)
    const opensAtMs = Date.now() + HOUR_MS
    await fill(gate, 1, { codes: codes(1, 3) }, { opensAtMs })
    expect(await claim('ann')).toMatchObject({ kind: 'early', opensAtMs })
    const change = { generation: 1, epoch: 1, stockBefore: 3, codes: [] }
    await gate.change({ ...change, configVersion: 2, opensAtMs: Date.now() - 1_000, closesAtMs: null })
    expect(await claim('ann')).toMatchObject({ kind: 'claimed' })
    await gate.change({ ...change, configVersion: 3, opensAtMs: null, closesAtMs: Date.now() - 1_000 })
    expect(await claim('bob')).toMatchObject({ kind: 'late' })
    expect(await claim('ann')).toMatchObject({ kind: 'claimed', isNew: false })
    await gate.change({ ...change, configVersion: 2, opensAtMs: null, closesAtMs: null })
    expect(await claim('bob'), 'an older change that comes late').toMatchObject({ kind: 'late' })
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
      expect(await gate.claim('bob', seen)).toEqual({ kind: 'lost' })
      expect(await gate.find('ann', seen)).toEqual({ kind: 'lost' })
      expect(await gate.takeOutbox(seen, RESEND_MS, 10)).toEqual({ kind: 'lost' })
      expect(await gate.claim('bob', { generation: 2, claimed: 0 })).toEqual({ kind: 'lost' })
    })

    it('whoever remembers an older filling takes from the new one', async () => {
      const gate = gateOf(harness)
      await fill(gate, 2, { codes: codes(1, 3) })
      expect(await gate.claim('bob', { generation: 1, claimed: 3 })).toMatchObject({
        kind: 'claimed',
        seen: { generation: 2, claimed: 1 },
      })
    })
  })
})
