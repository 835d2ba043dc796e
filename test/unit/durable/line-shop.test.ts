/** What a line answers a seat office that asks who is inside. */
import { describe, expect, it } from 'vitest'
import { redeem } from '../../../src/core/line-admissions.ts'
import { LineMeters } from '../../../src/durable/line-meters.ts'
import { LineShop } from '../../../src/durable/line-shop.ts'
import { joinAll, lineWith, promote, T0 } from '../core/fixtures.ts'

/** A line that has admitted all of them, and what it has written since. */
function admitting(...userIds: string[]) {
  const line = lineWith({ capacity: userIds.length })
  joinAll(line, userIds)
  const admissionIds = promote(line).map(({ admissionId }) => admissionId)
  const written: string[][] = []
  const shop = new LineShop({
    rows: { admission: () => null },
    meters: new LineMeters(),
    line: () => line,
    nowMs: () => T0 + 1_000,
    commit: ({ changes }) => void written.push(changes.map(({ kind }) => kind)),
  })
  return { line, shop, admissionIds, written }
}

describe('those who enter together', () => {
  it('INV-5: are redeemed for their sessions, each once, and answered in their order', async () => {
    const { shop, admissionIds, line } = admitting('ann', 'ben')
    const [ann = '', ben = ''] = admissionIds
    const entries = [
      { admissionId: ben, sessionDigest: 's-ben' },
      { admissionId: 'nobody', sessionDigest: 's-eve' },
      { admissionId: ann, sessionDigest: 's-ann' },
    ]
    const first = await shop.enterAll(entries)
    expect(first).toMatchObject([
      { ok: true, value: { admissionId: ben, state: 'redeemed' } },
      { ok: false, error: { reason: 'admission-ended' } },
      { ok: true, value: { admissionId: ann, state: 'redeemed' } },
    ])
    expect(await shop.enterAll(entries)).toEqual(first)
    expect(line.ledger.get(ann)?.sessionDigest).toBe('s-ann')
  })

  it('are let in by the shop as well, whose own session stays the one', async () => {
    const { shop, admissionIds, line } = admitting('ann')
    const [ann = ''] = admissionIds
    const record = line.ledger.get(ann)
    if (record === undefined) throw new Error('nobody was admitted')
    redeem(line, record, 'of the shop', T0)
    expect(await shop.enterAll([{ admissionId: ann, sessionDigest: 's-ann' }])).toMatchObject([
      { ok: true, value: { state: 'redeemed' } },
    ])
    expect(line.ledger.get(ann)?.sessionDigest).toBe('of the shop')
  })

  it('are only looked at without a session', async () => {
    const { shop, admissionIds, written } = admitting('ann')
    const [ann = ''] = admissionIds
    expect(await shop.enterAll([{ admissionId: ann, sessionDigest: null }])).toMatchObject([
      { ok: true, value: { state: 'admitted' } },
    ])
    expect(written.flat()).toEqual([])
  })
})
