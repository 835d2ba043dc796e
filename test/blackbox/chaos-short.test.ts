/** The short form of `npm run test:chaos`: the same crowd, observers and faults, in well under a minute. */
import { expect, it } from 'vitest'
import { reportText } from '../chaos/report.ts'
import { runChaos } from '../chaos/run.ts'

it('INV-1 to INV-9: 60 visitors, 5 kills, and Redis forgetting and silent', async () => {
  const report = await runChaos({
    seed: Number(process.env['CHAOS_SEED'] || 1),
    visitors: 60,
    faults: {
      'workerd killed': 2,
      'workerd killed in a promotion': 3,
      'Redis flushed': 1,
      'Redis back empty': 1,
      'answers lost after execution': 1,
    },
    treeKills: 0,
    calmMs: 0,
    faultsWithinMs: 20_000,
  })
  expect(report.violations, reportText(report)).toEqual([])
  expect(report.kills.workerd).toBe(5)
})
