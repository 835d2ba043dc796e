import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { addsUp } from '../../../src/drops/core/standing.ts'
import { overEveryEngine } from '../pool-harness.ts'
import { KEYS, codes, dumpDrop, restoreDrop } from './drop-harness.ts'
import { IssuerWorld } from './issuer-world.ts'

const STOCK = 40
const users = (count: number, prefix = 'user') => Array.from({ length: count }, (_, i) => `${prefix}-${i}`)

overEveryEngine('a drop in Redis behind a queue', (harness) => {
  let world: IssuerWorld

  beforeEach(async () => {
    // What it logs is about losses, which are what these tests are made of.
    for (const level of ['info', 'warn', 'error'] as const)
      vi.spyOn(console, level).mockImplementation(() => {})
    world = new IssuerWorld(harness, codes(1, STOCK))
    await world.issuer.supply(world.plan)
  })

  afterEach(() => void vi.restoreAllMocks())

  const claimAll = (names: readonly string[]) => Promise.all(names.map((name) => world.issuer.claim(name)))

  /** INV-11 at rest: all codes are accounted for, none twice, and every visitor is told what is recorded. */
  async function expectExact(issued: number): Promise<void> {
    const counts = await world.issuer.counts()
    expect(addsUp(counts)).toBe(true)
    expect(counts).toMatchObject({ stock: world.issuedCodes.length, issued, pending: 0 })
    const recorded = [...world.records.rows.values()]
    expect(recorded).toHaveLength(issued)
    expect(new Set(recorded.map(({ code }) => code)).size).toBe(issued)
    for (const { code } of recorded) expect(world.issuedCodes).toContain(code)
    for (const { userId, code, claimedAtMs } of recorded) {
      const claim = { state: 'issued', code, claimedAtMs }
      expect(await world.issuer.claimOf(userId)).toEqual({ kind: 'found', claim })
    }
    // What was once recorded was never taken back.
    expect(world.records.history).toHaveLength(issued)
    expect(await world.issuer.reconcile(false)).toMatchObject({ missing: 0, extra: 0 })
  }

  it('INV-11: gives out its stock exactly, to one visitor each, with every message delivered three times', async () => {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await claimAll(users(3 * STOCK))
      await world.issuer.drain(Date.now())
      await world.deliver((queued) => [...queued, ...queued, ...queued])
    }
    await world.settle()
    await expectExact(STOCK)
    const outcomes = await claimAll(users(3 * STOCK))
    expect(outcomes.filter(({ kind }) => kind === 'claimed')).toHaveLength(STOCK)
    expect(outcomes.filter(({ kind }) => kind === 'sold-out')).toHaveLength(2 * STOCK)
  })

  it('INV-11: loses nothing with a queue that loses every message at first', async () => {
    await claimAll(users(STOCK))
    for (let round = 0; round < 3; round += 1) {
      await world.issuer.drain(Date.now())
      await world.deliver(() => [])
    }
    expect(world.records.rows.size).toBe(0)
    await world.settle()
    await expectExact(STOCK)
  })

  it('INV-11: records a claim once when the consumer fails after its insert', async () => {
    await claimAll(users(STOCK))
    world.records.failAfterInsert = 4
    await world.settle()
    await expectExact(STOCK)
  })

  it('sends at once again what the queue did not take', async () => {
    await claimAll(users(3))
    world.isQueueAway = true
    const nowMs = Date.now()
    expect(await world.issuer.drain(nowMs)).toBeLessThanOrEqual(nowMs + 1_000)
    world.isQueueAway = false
    await world.settle()
    await expectExact(3)
  })

  it('does not give a claim up while the records are away', async () => {
    await claimAll(users(3))
    world.records.isAway = true
    for (let round = 0; round < 20; round += 1) {
      await world.issuer.drain(Date.now())
      await world.deliver()
    }
    expect(await world.issuer.counts()).toMatchObject({ issued: 0, pending: 3, failed: 0 })
    world.records.isAway = false
    await world.settle()
    await expectExact(3)
  })

  it('INV-11: goes on with records that expect a later generation than the drop has', async () => {
    await claimAll(users(3))
    world.records.generation = 4
    await world.settle()
    await expectExact(3)
    expect(world.plan.generation).toBeGreaterThanOrEqual(4)
  })

  it('INV-11: sets aside the claim that cannot be recorded, lets the others through, and tries it again when asked', async () => {
    await claimAll(users(10))
    world.records.poison.add('user-4')
    await world.settle()
    expect(world.records.rows.size).toBe(9)
    const counts = await world.issuer.counts()
    expect(counts).toEqual({ stock: STOCK, issued: 9, pending: 1, failed: 1, remaining: STOCK - 10 })
    world.records.poison.clear()
    expect(await world.issuer.retryFailed()).toBe(1)
    await world.settle()
    await expectExact(10)
    const [late] = [...world.records.rows.values()].filter(({ userId }) => userId === 'user-4')
    if (late !== undefined) await world.issuer.heard([{ ...late, generation: 1, outcome: 'failed' }])
    expect(await world.issuer.retryFailed(), 'a copy that dies late').toBe(0)
  })

  it('more codes reopen it, and every code comes once', async () => {
    await claimAll(users(STOCK))
    expect(await world.issuer.claim('late')).toEqual({ kind: 'sold-out', epoch: 1 })
    world.restock(codes(STOCK + 1, STOCK + 3))
    await world.issuer.supply(world.plan)
    await world.issuer.supply(world.plan)
    const outcomes = await claimAll(users(5, 'late'))
    expect(outcomes.filter(({ kind }) => kind === 'claimed')).toHaveLength(3)
    expect(outcomes.find(({ kind }) => kind === 'sold-out')).toEqual({ kind: 'sold-out', epoch: 2 })
    await world.settle()
    await expectExact(STOCK + 3)
  })

  it('knows everybody who has a claim', async () => {
    await claimAll(users(STOCK + 5))
    const claimants = await world.issuer.claimants()
    expect(claimants).toHaveLength(STOCK)
    for (const name of claimants) expect(await world.issuer.claimOf(name)).toMatchObject({ kind: 'found' })
  })

  it('wants to be woken while something is owed or may be claimed, and sleeps when nothing is left', async () => {
    expect(await world.issuer.drain(1_000)).toBe(61_000)
    await claimAll(users(STOCK))
    expect(await world.issuer.drain(1_000)).toBeLessThan(2_000)
    await world.settle()
    expect(await world.issuer.drain(1_000)).toBeNull()
  })

  describe('when Redis forgets', () => {
    it('INV-11: answers retry until it is filled from the records, and what was recorded stays as it is', async () => {
      await claimAll(users(10))
      await world.settle()
      await harness.redis.client.flushall()
      expect(await world.issuer.claim('user-3')).toMatchObject({ kind: 'retry' })
      expect(await world.issuer.claimOf('user-3'), 'is recorded').toMatchObject({
        claim: { state: 'issued' },
      })
      expect(await world.issuer.claimOf('other-3'), 'nobody knows').toMatchObject({ kind: 'retry' })
      expect(world.wakes).toBeGreaterThan(0)
      await expect(world.issuer.counts()).rejects.toThrow('filled again')
      await world.issuer.drain(Date.now())
      await expectExact(10)
      await claimAll(users(3 * STOCK, 'other'))
      await world.settle()
      await expectExact(STOCK)
    })

    it('INV-11: who was handed over keeps the claim and the code, and the old message is void', async () => {
      await claimAll(users(5))
      await world.issuer.drain(Date.now())
      const handedOver = world.queue.map(({ body }) => body)
      await harness.redis.client.flushall()
      await world.issuer.drain(Date.now())
      const late = handedOver.map((body) => ({ body, attempts: 1 }))
      world.queue = [...late, ...world.queue]
      await world.settle()
      await expectExact(5)
      for (const { userId, code } of handedOver.flatMap(({ claims }) => claims))
        expect(await world.issuer.claimOf(userId)).toMatchObject({ claim: { state: 'issued', code } })
    })

    it('INV-11: a message of a claim that is lost is void, and its visitor may claim anew', async () => {
      await world.issuer.claim('ann')
      const first = await world.gate.takeOutbox({ generation: 1, claimed: 1 }, 1, 10)
      const [claim] = first.kind === 'outbox' ? first.due : []
      await harness.redis.client.flushall()
      await world.issuer.drain(Date.now())
      const claims = [{ userId: 'ann', code: claim?.code ?? '', claimedAtMs: 1 }]
      const body = { dropId: 'tour', generation: 1, claims }
      world.queue.push({ body, attempts: 1 })
      await world.deliver()
      expect(world.records.rows.size).toBe(0)
      await claimAll(['bob', 'ann'])
      world.queue.push({ body, attempts: 1 })
      await world.settle()
      await expectExact(2)
    })

    it('INV-11: an older copy is noticed, and no code is recorded twice', async () => {
      await claimAll(users(5))
      const older = await dumpDrop(harness)
      await claimAll(users(10, 'lost'))
      await world.settle()
      await restoreDrop(harness, older)
      await world.issuer.drain(Date.now())
      await expectExact(15)
      await claimAll(users(3 * STOCK, 'other'))
      await world.settle()
      await expectExact(STOCK)
    })

    it('INV-11: who claimed from an older copy that nobody had noticed gets another code', async () => {
      await claimAll(users(5))
      const older = await dumpDrop(harness)
      // Recorded, but the object was never told how many were claimed.
      const lost = await claimAll(users(3, 'lost'))
      expect(lost.every(({ kind }) => kind === 'claimed')).toBe(true)
      const outbox = await world.gate.takeOutbox({ generation: 1, claimed: 0 }, 1, 100)
      const due = outbox.kind === 'outbox' ? outbox.due : []
      await world.records.insert('tour', 1, due)
      await restoreDrop(harness, older)
      const restarted = world.restarted()
      for (const name of users(3, 'new'))
        expect(await restarted.claim(name)).toMatchObject({ kind: 'claimed' })
      await world.settle()
      await expectExact(11)
    })

    it('an older copy in which it was still open is closed again, by an object that has just started too', async () => {
      const older = await dumpDrop(harness)
      world.plan = { ...world.plan, closesAtMs: Date.now() - 1 }
      for (const again of [() => world.issuer, () => world.restarted()]) {
        await world.issuer.supply(world.plan)
        expect(await world.issuer.claim('ann')).toEqual({ kind: 'closed' })
        await restoreDrop(harness, older)
        await again().drain(Date.now())
        expect(await world.issuer.claim('ann')).toEqual({ kind: 'closed' })
      }
    })

    it('INV-11: a record that Redis does not know, when it hears of it, is a loss', async () => {
      await world.issuer.claim('ann')
      const zoe = { userId: 'zoe', code: 'CODE-7', claimedAtMs: 1 }
      await world.records.insert('tour', 1, [zoe])
      await world.issuer.heard([{ ...zoe, generation: 1, outcome: 'recorded' }])
      await world.settle()
      await expectExact(2)
    })

    it('INV-11: a key that is gone alone is a loss, and nothing of what is left of it is lost', async () => {
      for (const key of [KEYS.now.codes, KEYS.now.outbox]) {
        await claimAll(users(5, key))
        await harness.redis.client.del(key)
        await world.settle()
      }
      await expectExact(10)
    })

    it('is filled again after a filling that was cut off at any of its calls', async () => {
      await claimAll(users(5))
      await world.issuer.drain(Date.now())
      const { generation } = world.plan
      let call = 0
      let isReached = true
      while (isReached) {
        call += 1
        await harness.redis.client.flushall()
        world.cutAtCall = call
        await world.restarted().drain(Date.now())
        expect(await world.restarted().drain(Date.now()), `call ${call}`).not.toBeNull()
        // Once it is not reached any more, all of them have had their turn.
        isReached = world.cutAtCall === 0
        world.cutAtCall = 0
        expect(await world.issuer.counts(), `call ${call}`).toMatchObject({ pending: 5 })
      }
      expect(call).toBeGreaterThan(6)
      expect(world.plan.generation).toBeGreaterThan(generation + call)
      await world.settle()
      await expectExact(5)
    })

    it('stays away while Redis or the records do, and says when it will look again', async () => {
      await harness.redis.client.flushall()
      world.records.isAway = true
      expect(await world.issuer.drain(5_000)).toBe(6_000)
      expect(await world.issuer.claim('ann')).toMatchObject({ kind: 'retry' })
      world.records.isAway = false
      harness.redis.front.faults.set({ failBefore: 1 })
      expect(await world.issuer.drain(5_000)).toBe(6_000)
      await world.issuer.drain(Date.now())
      expect(await world.issuer.claim('ann')).toMatchObject({ kind: 'claimed' })
    })
  })

  describe('a comparison with the records', () => {
    beforeEach(async () => {
      await claimAll(users(10))
      await world.settle()
    })

    it('finds a record that is gone, and writes it again only when it is to repair', async () => {
      world.records.rows.delete('user-2')
      world.records.history.length = 0
      expect(await world.issuer.reconcile(false)).toMatchObject({ missing: 1, extra: 0 })
      expect(world.records.rows.has('user-2')).toBe(false)
      expect(await world.issuer.reconcile(true)).toMatchObject({ missing: 1 })
      expect(await world.issuer.reconcile(false)).toMatchObject({ missing: 0, extra: 0 })
      expect(world.records.rows.has('user-2')).toBe(true)
    })

    it('INV-11: finds a record that Redis does not know, and gives its code to nobody else', async () => {
      world.records.rows.set('zoe', { userId: 'zoe', code: `CODE-${STOCK}`, claimedAtMs: 1 })
      expect(await world.issuer.reconcile(false)).toMatchObject({ missing: 1 })
      const { counts } = await world.issuer.reconcile(true)
      expect(counts).toMatchObject({ issued: 11, remaining: STOCK - 11 })
      expect(await world.issuer.claimOf('zoe')).toMatchObject({ claim: { code: `CODE-${STOCK}` } })
      await claimAll(users(3 * STOCK, 'other'))
      await world.settle()
      expect(new Set([...world.records.rows.values()].map(({ code }) => code)).size).toBe(STOCK)
    })

    it("reports a record of a code that is not the drop's, and goes on with the stock that it has", async () => {
      world.records.rows.set('zoe', { userId: 'zoe', code: 'FOREIGN', claimedAtMs: 1 })
      await world.issuer.reconcile(true)
      const { counts, missing, extra } = await world.issuer.reconcile(true)
      expect({ missing, extra }).toEqual({ missing: 0, extra: 1 })
      expect(counts).toMatchObject({ stock: STOCK, issued: 10, pending: 0, remaining: STOCK - 10 })
      await claimAll(users(3 * STOCK, 'other'))
      await world.settle()
      expect(await world.issuer.counts()).toMatchObject({ issued: STOCK, remaining: 0 })
      expect(world.records.rows.size).toBe(STOCK + 1)
    })

    it('finds nothing wrong while claims are made and recorded', async () => {
      const names = users(STOCK - 10, 'busy')
      const [found] = await Promise.all([
        world.issuer.reconcile(false),
        claimAll(names).then(() => world.settle()),
      ])
      expect(found).toMatchObject({ missing: 0, extra: 0 })
      expect(addsUp(found.counts)).toBe(true)
    })

    it('fills Redis again when it finds that it has forgotten', async () => {
      await harness.redis.client.flushall()
      await expect(world.issuer.reconcile(false)).rejects.toThrow('filled again')
      expect(await world.issuer.reconcile(true)).toMatchObject({ missing: 0, counts: { issued: 10 } })
    })
  })
})
