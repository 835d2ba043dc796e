import { beforeEach, expect, it } from 'vitest'
import { SHARED, TestLine, admission, admissions, openLine, overEveryEngine } from './pool-harness.ts'

overEveryEngine('a pool that two events share', (harness) => {
  let a: TestLine
  let b: TestLine
  beforeEach(async () => {
    a = await openLine(harness, { eventId: 'A', pool: SHARED, capacity: 10 })
    b = await openLine(harness, { eventId: 'B', pool: SHARED, capacity: 10 })
  })

  it('INV-1: the leases of both together never exceed its capacity', async () => {
    const replies = await Promise.all([
      harness.gate.reserve(a.reserveCall('b1', admissions('A', 1, 8))),
      harness.gate.reserve(b.reserveCall('b1', admissions('B', 1, 8))),
    ])
    const granted = replies.map((reply) => (reply.kind === 'granted' ? reply.count : 0))
    expect(granted.reduce((sum, count) => sum + count, 0)).toBe(10)
    expect(await a.check([])).toMatchObject({ leases: granted[0] })
    expect(await b.check([])).toMatchObject({ leases: granted[1] })
  })

  it('a slot that one event gives back may go to the other', async () => {
    await a.reserve('b1', admissions('A', 1, 10))
    expect(await b.reserve('b1', admissions('B', 1, 1))).toMatchObject({ count: 0 })
    await a.release([admission('A', 1)])
    expect(await b.reserve('b2', admissions('B', 1, 2))).toMatchObject({ count: 1, free: 0 })
  })

  it('each event repeats its own batch, also when both chose the same id', async () => {
    await a.reserve('same', admissions('A', 1, 3))
    await b.reserve('same', admissions('B', 1, 2))
    expect(await a.reserve('same', admissions('A', 1, 3))).toMatchObject({ count: 3, free: 5 })
    expect(await b.reserve('same', admissions('B', 1, 2))).toMatchObject({ count: 2, free: 5 })
  })

  it('the calls of one event do not look like a loss to the other, however far behind it is', async () => {
    for (let round = 1; round <= 5; round += 1) await a.reserve(`b${round}`, [])
    expect(await b.reserve('b1', admissions('B', 1, 1))).toMatchObject({ kind: 'granted', count: 1 })
    expect(await a.check([])).toMatchObject({ kind: 'checked' })
  })

  it('a third event joins the open pool at once', async () => {
    const c = new TestLine(harness.gate, 'C', SHARED)
    expect(await c.reassert([], { memberEventIds: ['A', 'B', 'C'] })).toMatchObject({ kind: 'open' })
    expect(await c.reserve('b1', admissions('C', 1, 1))).toMatchObject({ count: 1 })
  })
})
