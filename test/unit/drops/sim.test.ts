/**
 * A few seeds of the simulation of drops: the real engine, issuers, consumer and SQL, in worlds where calls are lost, late
 * and doubled, objects die and stores forget. `npm run test:sim -- --drops` runs many more.
 */
import { describe, expect, it, vi } from 'vitest'
import { DROP_MUTANTS } from '../../sim/drops/mutants.ts'
import { simulateDrop } from '../../sim/drops/simulate.ts'

/** A mutant that lives longer than this is not seen. */
const SEEDS_MAX = 400

vi.setConfig({ testTimeout: 120_000 })

const OPTIONS = { steps: 120, visitors: 8, mutant: null, trace: null }

it('INV-11: holds in every world: no more than the stock, one each, and what was told stays so', async () => {
  let issued = 0
  for (let seed = 1; seed <= 60; seed += 1) {
    const verdict = await simulateDrop({ ...OPTIONS, seed })
    expect({ seed, broken: verdict.violation?.message }).toEqual({ seed, broken: undefined })
    issued += verdict.issued
  }
  expect(issued).toBeGreaterThan(200)
})

it('one seed replays everything', async () => {
  for (const seed of [7, 8]) {
    const logs = [[], []] as string[][]
    for (const log of logs) await simulateDrop({ ...OPTIONS, seed, trace: (line) => log.push(line) })
    expect(logs[0]).toEqual(logs[1])
    expect(logs[0]?.length).toBeGreaterThan(50)
  }
})

describe('a mistake made on purpose', () => {
  it.each(DROP_MUTANTS)(
    '$name: breaks a promise that the right design keeps in the same world',
    async (mutant) => {
      const seed = await firstKill(mutant)
      expect(seed).not.toBeNull()
      const { strategy, faults = {}, losses } = mutant
      const right = { name: 'none', strategy, faults, ...(losses !== undefined && { losses }) }
      const unmutated = await simulateDrop({ ...OPTIONS, mutant: right, seed: seed ?? 0 })
      expect(unmutated.violation?.message).toBeUndefined()
    },
  )
})

async function firstKill(mutant: (typeof DROP_MUTANTS)[number]): Promise<number | null> {
  for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
    if ((await simulateDrop({ ...OPTIONS, mutant, seed })).violation !== null) return seed
  }
  return null
}
