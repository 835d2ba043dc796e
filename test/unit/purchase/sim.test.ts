/**
 * A few seeds of the purchase simulation: the real office and the real ledger, with their SQL, in worlds where calls are
 * lost, late and doubled and objects die. `npm run test:sim` runs many more.
 */
import { describe, expect, it, vi } from 'vitest'
import { PURCHASE_MUTANTS } from '../../sim/purchase/mutants.ts'
import { simulatePurchase } from '../../sim/purchase/simulate.ts'

/** A mutant that lives longer than this is not seen. */
const SEEDS_MAX = 60

vi.setConfig({ testTimeout: 120_000 })

const OPTIONS = { steps: 120, visitors: 8, mutant: null, trace: null }

it('INV-10: holds in every world: no seat has two holders, no payment is taken twice, and the books balance', async () => {
  let sold = 0
  for (let seed = 1; seed <= 30; seed += 1) {
    const verdict = await simulatePurchase({ ...OPTIONS, seed })
    expect({ seed, broken: verdict.violation?.message }).toEqual({ seed, broken: undefined })
    sold += verdict.sold
  }
  expect(sold).toBeGreaterThan(60)
})

it('one seed replays everything', async () => {
  const logs = [[], []] as string[][]
  for (const log of logs) await simulatePurchase({ ...OPTIONS, seed: 8, trace: (line) => log.push(line) })
  expect(logs[0]).toEqual(logs[1])
  expect(logs[0]?.length).toBeGreaterThan(50)
})

describe('a mistake made on purpose', () => {
  it.each(PURCHASE_MUTANTS)(
    '$name: breaks a promise that the right design keeps in the same world',
    async (mutant) => {
      const seed = await firstKill(mutant)
      expect(seed).not.toBeNull()
      const right = { name: 'none', faults: mutant.faults ?? {} }
      const unmutated = await simulatePurchase({ ...OPTIONS, mutant: right, seed: seed ?? 0 })
      expect(unmutated.violation?.message).toBeUndefined()
    },
  )
})

async function firstKill(mutant: (typeof PURCHASE_MUTANTS)[number]): Promise<number | null> {
  for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
    if ((await simulatePurchase({ ...OPTIONS, mutant, seed })).violation !== null) return seed
  }
  return null
}
