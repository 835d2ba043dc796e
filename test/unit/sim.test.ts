/**
 * A few seeds of the simulation: the real engine, promoter and recovery in worlds where everything that may fail does.
 * `npm run test:sim` runs very many more.
 */
import { expect, it, vi } from 'vitest'
import { simulate } from '../sim/simulate.ts'

vi.setConfig({ testTimeout: 60_000 })

const OPTIONS = { steps: 200, visitors: 14, without: [], mutant: null, strict: false, trace: null }

it('INV-1 to INV-9, INV-12: hold in every world, and every house is empty in the end', async () => {
  let admissions = 0
  for (let seed = 1; seed <= 60; seed += 1) {
    const verdict = await simulate({ ...OPTIONS, seed })
    expect({ seed, broken: verdict.violation?.message }).toEqual({ seed, broken: undefined })
    admissions += verdict.admissions
  }
  expect(admissions).toBeGreaterThan(600)
})

it('one seed replays everything', async () => {
  const logs = [[], []] as string[][]
  for (const log of logs) await simulate({ ...OPTIONS, seed: 7, trace: (line) => log.push(line) })
  expect(logs[0]).toEqual(logs[1])
  expect(logs[0]?.length).toBeGreaterThan(100)
})

it('INV-1: where no store goes back to an older copy, a shared pool is not exceeded by one either', async () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const verdict = await simulate({ ...OPTIONS, seed, strict: true, without: ['storeOlder'] })
    expect({ seed, broken: verdict.violation?.message }).toEqual({ seed, broken: undefined })
  }
})

it('INV-1: a store that does may let somebody into a shared pool twice, and never into an own one', async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const { violation } = await simulate({ ...OPTIONS, seed, strict: true })
    expect(violation?.message ?? 'live in p:hall').toContain('live in p:hall')
  }
})
