import { beforeEach, describe, expect, it } from 'vitest'
import { assert } from '../../../src/core/assert.ts'
import { end, settleDebts } from '../../../src/core/line-admissions.ts'
import type { AdmissionRecord } from '../../../src/core/records.ts'
import { reconcilePools } from '../../../src/durable/pool-reconciliation.ts'
import { POOL, PoolWorld } from './pool-world.ts'

let world: PoolWorld
beforeEach(async () => {
  world = await PoolWorld.open()
  world.admit('ann', 'bob')
})

function reconcile(): Promise<void> {
  const { line, gate, calls, recovery } = world
  return reconcilePools(line, gate, (pool) => calls.turn(line, world.nowMs).next(pool), recovery)
}

/** A batch of an earlier life that the store ran late: no row of the line knows it. */
function grantStranger(): void {
  const admissionId = `demo.${'stranger'.padStart(22, '0')}`
  const members = [{ joinNumber: 99, userId: 'stranger', admissionId }]
  world.grant({ batchId: 'overtaken', pool: POOL, chosenAtMs: world.nowMs, members })
}

function admissionOf(userId: string): AdmissionRecord {
  const admission = world.line.ledger.ofUser(userId)
  assert(admission !== undefined, 'the visitor is inside')
  return admission
}

describe('the watchdog of a shared pool', () => {
  it('INV-6: drops leases of the event that its ledger does not know, and keeps the others', async () => {
    const known = world.leases()
    grantStranger()
    expect(world.leases()).toHaveLength(3)
    await reconcile()
    expect(world.begun).toEqual([{ pool: POOL, startEpoch: true }])
    await world.recover()
    expect(world.leases()).toEqual(known)
  })

  it('INV-6: drops them also where the ledger has nobody inside', async () => {
    world = await PoolWorld.open()
    grantStranger()
    await reconcile()
    await world.recover()
    expect(world.leases()).toEqual([])
  })

  it('INV-1: has a lease that the pool does not know asserted again', async () => {
    const known = world.leases()
    world.model.pool(POOL).leases.delete(admissionOf('ann').admissionId)
    await reconcile()
    expect(world.begun).toEqual([{ pool: POOL, startEpoch: false }])
    await world.recover()
    expect(world.leases().toSorted()).toEqual(known.toSorted())
  })

  it('leaves a pool alone that holds what the ledger has', async () => {
    await reconcile()
    expect(world.begun).toEqual([])
  })

  it.each([
    ['a batch is in flight', () => world.grant(world.choose('cid'))],
    ['a lease is owed back', () => void end(world.line, admissionOf('ann'), 'completed', world.nowMs)],
  ])('compares no numbers while %s', async (_, happens) => {
    happens()
    await reconcile()
    expect(world.begun).toEqual([])
  })
})

describe('a watchdog that counts more leases than it knows starts nothing', () => {
  // The gate's answer was on its way: what happened then is in its count or in the ledger, but not in both.
  it.each([
    ['a batch was chosen', () => void world.choose('dan')],
    ['a visitor was admitted', () => world.admit('dan')],
    ['an admission ended', () => void end(world.line, admissionOf('ann'), 'completed', world.nowMs)],
  ])('when %s while it asked', async (_, happens) => {
    grantStranger()
    world.meanwhile = happens
    await reconcile()
    expect(world.begun).toEqual([])
  })

  it('when a lease that was owed has been taken back while it asked', async () => {
    end(world.line, admissionOf('ann'), 'completed', world.nowMs)
    world.meanwhile = () => void settleDebts(world.line, 'release', world.line.ledger.debts())
    await reconcile()
    expect(world.line.ledger.debtCount).toBe(0)
    expect(world.begun).toEqual([])
  })
})
