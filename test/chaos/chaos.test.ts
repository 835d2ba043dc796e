/** Everything fails, one after another and together, under a standing crowd; every promise must be kept throughout. */
import { expect, it } from 'vitest'
import { reportText } from './report.ts'
import { runChaos } from './run.ts'

const seed = Number(process.env['CHAOS_SEED'] || Date.now() % 1_000_000)

it('INV-1 to INV-9: 300 visitors, 30 kills and more, and Redis failing in every way', async () => {
  console.log(`CHAOS_SEED=${seed}`)
  const report = await runChaos({
    seed,
    visitors: 300,
    faults: {
      'workerd killed': 12,
      'workerd killed in a promotion': 10,
      'workerd killed twice': 3,
      'stopped and started again': 3,
      'Redis killed, with its data': 4,
      'Redis away, then with its data': 3,
      'Redis back empty': 3,
      'Redis back with an older copy': 4,
      'Redis flushed': 5,
      'Redis flushed, answers lost': 3,
      'Redis frozen 3-5 s': 3,
      'Redis slow (0.2-1.5 s)': 4,
      'Redis unreachable': 3,
      'answers lost after execution': 6,
      'refused or broken before execution': 5,
      'Redis flushed, workerd killed': 3,
      'Redis frozen, workerd killed': 3,
      'answers lost, workerd killed': 3,
    },
    treeKills: 3,
    calmMs: 12_000,
    faultsWithinMs: 180_000,
  })
  console.log(reportText(report))
  expect(report.violations).toEqual([])
  expect(report.kills.workerd).toBeGreaterThanOrEqual(30)
  expect(report.kills.trees).toBe(3)
})
