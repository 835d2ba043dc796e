/** The simulation can see: each of the mistakes that the design is there to avoid breaks a promise within a few seeds. */
import { describe, expect, it, vi } from 'vitest'
import { MUTANTS } from '../sim/mutants.ts'
import { simulate } from '../sim/simulate.ts'

/** A mutant that lives longer than this is not seen. */
const SEEDS_MAX = 150

vi.setConfig({ testTimeout: 60_000 })

const OPTIONS = { steps: 200, visitors: 14, without: [], strict: false, trace: null }

describe('a mistake made on purpose', () => {
  it.each(MUTANTS)(
    '$name: breaks a promise that the right design keeps in the same world',
    async (mutant) => {
      const killedBy = await firstKill(mutant)
      expect(killedBy).not.toBeNull()
      const right = { name: 'none', faults: mutant.faults ?? {} }
      const unmutated = await simulate({ ...OPTIONS, mutant: right, seed: killedBy?.seed ?? 0 })
      expect(unmutated.violation?.message).toBeUndefined()
    },
  )
})

async function firstKill(mutant: (typeof MUTANTS)[number]): Promise<{ seed: number } | null> {
  for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
    const { violation } = await simulate({ ...OPTIONS, mutant, seed })
    if (violation !== null) return { seed }
  }
  return null
}
