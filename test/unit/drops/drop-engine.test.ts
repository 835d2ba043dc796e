/** One drop that issues by its object: what it promises, whatever fails around it. */
import { describe, expect, it } from 'vitest'
import { RECORD_ATTEMPTS_MAX } from '../../../src/drops/core/limits.ts'
import type { ClaimRecord } from '../../../src/drops/core/records.ts'
import type { ClaimRecords } from '../../../src/drops/ports.ts'
import { DROP_ID, DropWorld } from './drop-world.ts'

const HOUR_MS = 3_600_000

async function opened(over: Parameters<DropWorld['put']>[0] = {}): Promise<DropWorld> {
  const world = new DropWorld()
  const put = await world.put(over)
  if (!put.ok) throw new Error(put.error.reason)
  return world
}

function without(world: DropWorld, over: Partial<ClaimRecords>): void {
  world.records = { ...world.stored.records, ...over }
}

const away = async (): Promise<never> => {
  throw new Error('the records are away')
}

describe('claiming', () => {
  it('INV-11: issues each code once, one for each visitor, in their order, and then says that nothing is left', async () => {
    const world = await opened({ codes: ['A', 'B', 'C'] })
    const answers = []
    for (const userId of ['ann', 'bob', 'ann', 'cid', 'dan', 'bob', 'dan'])
      answers.push(await world.code(userId))
    expect(answers).toEqual(['A', 'B', 'A', 'C', 'sold-out', 'B', 'sold-out'])
    expect(await world.counts()).toEqual({ stock: 3, issued: 0, pending: 3, failed: 0, remaining: 0 })
  })

  it('answers a repeat with the same claim and says that it is not new, also after the end and after a restart', async () => {
    const world = await opened({ codes: ['A'], closesAtMs: 1_800_000_001_000 })
    const first = await world.claim('ann')
    world.nowMs += HOUR_MS
    world.restart()
    expect(await world.claim('ann')).toEqual({ ...first, isNew: false })
    expect(await world.claim('bob')).toEqual({ kind: 'closed' })
  })

  it('takes nobody before opensAt, everybody from then on, and nobody from closesAt on, to the millisecond', async () => {
    const opensAtMs = 1_800_000_000_500
    const world = await opened({ opensAtMs, closesAtMs: opensAtMs + 1_000, codes: ['A', 'B'] })
    world.nowMs = opensAtMs - 1
    expect(await world.claim('ann')).toEqual({ kind: 'not-open', opensAtMs })
    world.nowMs = opensAtMs
    expect(await world.code('bob')).toBe('A')
    world.nowMs = opensAtMs + 999
    expect(await world.code('cid')).toBe('B')
    world.nowMs = opensAtMs + 1_000
    expect(await world.claim('dan')).toEqual({ kind: 'closed' })
  })

  it('knows nothing of a drop that was never made, and keeps nothing of the question', async () => {
    const world = new DropWorld()
    expect(await world.engine.claim('ann')).toEqual({ ok: false, error: { reason: 'drop-not-found' } })
    expect(await world.engine.standing()).toEqual({ ok: false, error: { reason: 'drop-not-found' } })
    await world.engine.alarm()
    expect(world.alarmAtMs).toBeNull()
    expect(world.database.sql.exec('SELECT name FROM sqlite_master').toArray()).toEqual([])
  })
})

describe('stock', () => {
  it('more stock reopens what was sold out, in another epoch; the codes that are out stay out', async () => {
    const world = await opened({ stock: 1 })
    const code = await world.code('ann')
    expect(await world.claim('bob')).toEqual({ kind: 'sold-out', epoch: 1 })
    await world.put({ stock: 2 })
    expect(await world.code('bob')).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/)
    expect(await world.code('ann')).toBe(code)
    expect(await world.claim('cid')).toEqual({ kind: 'sold-out', epoch: 2 })
  })

  it('given codes can be added, in pieces and repeatedly', async () => {
    const world = await opened({ codes: ['A'] })
    await world.engine.addCodes(['B', 'C'])
    await world.engine.addCodes(['C', 'B'])
    await world.put({ codes: ['C', 'B', 'A', 'D'] })
    expect((await world.detail()).plan).toMatchObject({ stock: 4, epoch: 3 })
    const codes = [await world.code('a'), await world.code('b'), await world.code('c'), await world.code('d')]
    expect(codes).toEqual(['A', 'B', 'C', 'D'])
    expect(await world.code('e')).toBe('sold-out')
  })

  it.each([
    ['less stock', { stock: 2 }, 'drop-stock-reduced'],
    ['another strategy', { strategy: 'redis-queue' }, 'drop-strategy-fixed'],
    ['given codes', { codes: ['A', 'B', 'C'] }, 'drop-codes-fixed'],
  ] as const)('a drop of generated codes refuses %s', async (_what, over, reason) => {
    const world = await opened()
    expect(await world.put(over)).toMatchObject({ ok: false, error: { reason } })
    expect((await world.detail()).plan).toMatchObject({ stock: 3, epoch: 1 })
  })

  it.each([
    ['a list that lacks one of its codes', { codes: ['A', 'C', 'D'] }, 'drop-stock-reduced'],
    ['generated ones beside them', { stock: 5 }, 'drop-codes-fixed'],
  ] as const)('a drop of given codes refuses %s', async (_what, over, reason) => {
    const world = await opened({ codes: ['A', 'B'] })
    expect(await world.put(over)).toMatchObject({ ok: false, error: { reason } })
  })

  it('the same request again changes nothing', async () => {
    const world = await opened({ stock: 5, name: 'Five' })
    expect(await world.put({ stock: 5, name: 'Five' })).toMatchObject({ ok: true, value: { created: false } })
    expect((await world.detail()).plan).toMatchObject({ stock: 5, epoch: 1 })
  })
})

describe('the records', () => {
  it('have every claim a second after it, in one batch, and then the object sleeps until it compares', async () => {
    const world = await opened({ codes: ['A', 'B', 'C'] })
    let batches = 0
    without(world, {
      insert: (...args) => {
        batches += 1
        return world.stored.records.insert(...args)
      },
    })
    await world.code('ann')
    await world.code('bob')
    await world.sleep(1_000)
    expect(world.stored.claims(DROP_ID)).toEqual(['ann A', 'bob B'])
    expect(await world.counts()).toEqual({ stock: 3, issued: 2, pending: 0, failed: 0, remaining: 1 })
    expect(batches).toBe(1)
    expect(await world.sleep(HOUR_MS)).toBe(1)
    expect(world.alarmAtMs).toBeNull()
  })

  it('are told again after each failure, ever more rarely, and have everything in the end; claims go on meanwhile', async () => {
    const world = await opened({ codes: ['A', 'B', 'C'] })
    without(world, { raise: away, insert: away, ping: away, page: away })
    expect(await world.code('ann')).toBe('A')
    const tries = await world.sleep(10 * 60_000)
    expect(tries).toBeGreaterThan(5)
    expect(tries).toBeLessThan(40)
    expect(await world.code('bob')).toBe('B')
    expect(await world.counts()).toMatchObject({ issued: 0, pending: 2, failed: 0 })
    world.records = world.stored.records
    await world.sleep(60_000)
    expect(world.stored.claims(DROP_ID)).toEqual(['ann A', 'bob B'])
    expect(await world.reconcile()).toMatchObject({ issued: 2, pending: 0, consistent: true })
  })

  it('have a claim once, whose insert was made and not answered', async () => {
    const world = await opened({ codes: ['A', 'B'] })
    let lost = 0
    without(world, {
      insert: async (...args) => {
        const outcomes = await world.stored.records.insert(...args)
        lost += 1
        if (lost <= 3) throw new Error('the answer was lost')
        return outcomes
      },
    })
    await world.code('ann')
    await world.sleep(60_000)
    expect(world.stored.claims(DROP_ID)).toEqual(['ann A'])
    expect(await world.reconcile()).toMatchObject({ issued: 1, pending: 0, failed: 0, consistent: true })
  })

  it('a claim that they refuse is set aside and tried again; after the last time an operator has it tried, and the others flow on', async () => {
    const world = await opened({ stock: 40 })
    let isRefused = true
    let triesOfPoison = 0
    const insert: ClaimRecords['insert'] = async (dropId, generation, claims) => {
      if (isRefused && claims.some(({ userId }: ClaimRecord) => userId === 'v7')) {
        if (claims.length === 1) triesOfPoison += 1
        throw new Error('a constraint')
      }
      return world.stored.records.insert(dropId, generation, claims)
    }
    without(world, { insert })
    for (let visitor = 0; visitor < 20; visitor += 1) await world.claim(`v${visitor}`)
    await world.sleep(1_000)
    expect(world.stored.claims(DROP_ID)).toHaveLength(19)
    expect(await world.counts()).toMatchObject({ issued: 19, pending: 1, failed: 0 })
    await world.sleep(HOUR_MS)
    expect(triesOfPoison).toBe(RECORD_ATTEMPTS_MAX)
    expect(await world.counts()).toMatchObject({ issued: 19, pending: 1, failed: 1, remaining: 20 })
    for (let visitor = 20; visitor < 25; visitor += 1) await world.claim(`v${visitor}`)
    await world.sleep(1_000)
    expect(await world.reconcile()).toMatchObject({ issued: 24, pending: 1, failed: 1, consistent: true })
    isRefused = false
    expect(await world.engine.retryFailed()).toEqual({ ok: true, value: { retried: 1 } })
    await world.sleep(1_000)
    expect(await world.reconcile()).toMatchObject({ issued: 25, pending: 0, failed: 0, consistent: true })
  })

  it('much poison holds up none of the others', async () => {
    const world = await opened({ stock: 300 })
    without(world, {
      insert: async (dropId, generation, claims) => {
        if (claims.some(({ userId }: ClaimRecord) => userId.endsWith('5'))) throw new Error('a constraint')
        return world.stored.records.insert(dropId, generation, claims)
      },
    })
    for (let visitor = 0; visitor < 300; visitor += 1) await world.claim(`v${visitor}`)
    await world.sleep(5_000)
    expect(await world.counts()).toMatchObject({ issued: 270, pending: 30 })
    await world.sleep(HOUR_MS)
    expect(await world.reconcile()).toMatchObject({ issued: 270, pending: 30, failed: 30, consistent: true })
  })

  it('an object that dies while it tells them tells them again, and nothing is there twice', async () => {
    const world = await opened({ codes: ['A', 'B'] })
    const answer = Promise.withResolvers<void>()
    without(world, {
      insert: async (...args) => {
        const outcomes = await world.stored.records.insert(...args)
        await answer.promise
        return outcomes
      },
    })
    await world.code('ann')
    world.nowMs += 1_000
    world.alarmAtMs = null
    const run = world.engine.alarm()
    await until(() => world.stored.claims(DROP_ID).length === 1)
    world.restart()
    world.records = world.stored.records
    await world.sleep(30_000)
    expect(await world.counts()).toMatchObject({ issued: 1, pending: 0 })
    answer.resolve()
    await run
    expect(await world.reconcile()).toMatchObject({ issued: 1, pending: 0, consistent: true })
  })

  it('are told by one run at a time, however often the alarm rings', async () => {
    const world = await opened({ stock: 10 })
    let [underWay, most] = [0, 0]
    const answer = Promise.withResolvers<void>()
    without(world, {
      insert: async (...args) => {
        underWay += 1
        most = Math.max(most, underWay)
        await answer.promise
        underWay -= 1
        return world.stored.records.insert(...args)
      },
    })
    await world.claim('ann')
    const runs = [world.engine.alarm(), world.engine.alarm(), world.engine.alarm()]
    await until(() => underWay > 0)
    await world.claim('bob')
    runs.push(world.engine.alarm())
    answer.resolve()
    await Promise.all(runs)
    await world.sleep(1_000)
    expect(most).toBe(1)
    expect(world.stored.claims(DROP_ID)).toHaveLength(2)
  })

  it('that were emptied get everything again from the comparison, which the alarm makes by itself', async () => {
    const world = await opened({ codes: ['A', 'B', 'C'] })
    await world.code('ann')
    await world.code('bob')
    await world.sleep(1_000)
    world.stored.database.exec('DELETE FROM drop_claims; DELETE FROM drops')
    expect(await world.reconcile()).toMatchObject({ issued: 2, missing: 2, extra: 0, consistent: false })
    await world.sleep(HOUR_MS)
    expect(world.stored.claims(DROP_ID)).toEqual(['ann A', 'bob B'])
    expect(await world.reconcile()).toMatchObject({ missing: 0, consistent: true })
  })

  it('that have what nobody was issued are reported, and nothing is deleted', async () => {
    const world = await opened({ codes: ['A', 'B', 'C'] })
    await world.code('ann')
    await world.sleep(1_000)
    world.stored.database.exec(`INSERT INTO drop_claims VALUES ('${DROP_ID}', 'eve', 'X', 1)`)
    expect(await world.reconcile(true)).toMatchObject({ missing: 0, extra: 1, consistent: false })
    expect(world.stored.claims(DROP_ID)).toEqual(['ann A', 'eve X'])
  })

  it('with another code for a visitor show up as a failure and in the comparison', async () => {
    const world = await opened({ codes: ['A', 'B'] })
    await world.engine.alarm()
    await world.stored.records.raise(DROP_ID, 1)
    world.stored.database.exec(`INSERT INTO drop_claims VALUES ('${DROP_ID}', 'ann', 'X', 1)`)
    await world.code('ann')
    await world.sleep(HOUR_MS)
    expect(await world.reconcile()).toMatchObject({ pending: 1, failed: 1, extra: 1, consistent: false })
  })

  it('are compared page by page: more than a page of claims agree, and of one that is missing it is found which', async () => {
    const world = await opened({ stock: 2_600 })
    for (let visitor = 0; visitor < 2_500; visitor += 1) await world.claim(`v${visitor}`)
    await world.sleep(10_000)
    expect(await world.reconcile()).toMatchObject({ issued: 2_500, missing: 0, extra: 0, consistent: true })
    world.stored.database.exec(`DELETE FROM drop_claims WHERE user_id IN ('v1234', 'v99')`)
    expect(await world.reconcile(true)).toMatchObject({ missing: 2, extra: 0 })
    await world.sleep(1_000)
    expect(await world.reconcile()).toMatchObject({ issued: 2_500, missing: 0, consistent: true })
  })

  it('that lost everything get it back in batches', async () => {
    const world = await opened({ stock: 2_600 })
    for (let visitor = 0; visitor < 2_500; visitor += 1) await world.claim(`v${visitor}`)
    await world.sleep(10_000)
    world.stored.database.exec('DELETE FROM drop_claims')
    let calls = 0
    without(world, {
      insert: (...args) => {
        calls += 1
        return world.stored.records.insert(...args)
      },
    })
    expect(await world.reconcile(true)).toMatchObject({ missing: 2_500, pending: 2_500 })
    await world.sleep(60_000)
    expect(await world.reconcile()).toMatchObject({ issued: 2_500, pending: 0, consistent: true })
    expect(calls).toBe(5)
  })

  it('that expect a later generation are asked which', async () => {
    const world = await opened({ codes: ['A', 'B'] })
    await world.code('ann')
    await world.sleep(1_000)
    await world.stored.records.raise(DROP_ID, 7)
    await world.code('bob')
    await world.sleep(60_000)
    expect(world.stored.claims(DROP_ID)).toEqual(['ann A', 'bob B'])
  })
})

describe("the event's line", () => {
  it('hears within two seconds that a drop opens, is sold out, reopens and closes, each once', async () => {
    const opensAtMs = 1_800_000_010_000
    const world = await opened({ eventId: 'gig', opensAtMs, closesAtMs: opensAtMs + 60_000, stock: 1 })
    await world.sleep(12_000)
    await world.claim('ann')
    await world.sleep(2_000)
    await world.put({ eventId: 'gig', opensAtMs, closesAtMs: opensAtMs + 60_000, stock: 2 })
    await world.sleep(2_000)
    await world.claim('bob')
    await world.sleep(HOUR_MS)
    expect(world.told.map(({ status, epoch }) => `${status} ${epoch}`)).toEqual([
      'scheduled 1',
      'open 1',
      'sold_out 1',
      'open 2',
      'sold_out 2',
      'closed 2',
    ])
  })

  it('that is away is told as soon as it is back', async () => {
    const world = new DropWorld()
    world.lineIsAway = true
    await world.put({ eventId: 'gig', stock: 1 })
    await world.claim('ann')
    await world.sleep(10_000)
    expect(world.told).toEqual([])
    world.lineIsAway = false
    await world.sleep(10_000)
    expect(world.told).toMatchObject([{ dropId: DROP_ID, status: 'sold_out', epoch: 1 }])
    expect(await world.sleep(HOUR_MS)).toBe(1)
  })
})

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
