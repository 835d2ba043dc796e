import { describe, expect, it } from 'vitest'
import { newRecord } from '../../../../src/cli/load/fan.ts'
import type { FanRecord } from '../../../../src/cli/load/fan.ts'
import { progressBlock, progressLine, progressOf } from '../../../../src/cli/load/progress.ts'
import { reportOn, reportTable } from '../../../../src/cli/load/report.ts'

const SAMPLE = { atMs: 0, status: 'open', capacity: 1, waiting: 1, admitted: 1 }

describe('reportOn', () => {
  it('a fair run breaks nothing', () => {
    const report = reportOn({ records: [fan(1, 1_000), fan(2, 2_000)], samples: [SAMPLE] }, 1, 3_000)
    expect(report).toMatchObject({
      admitted: 2,
      completed: 2,
      peakInside: 1,
      waitMs: { p50: 1_020, p95: 2_020 },
      broken: [],
    })
    expect(report.promoteToNotifyMs).toEqual({ p50: 20, p95: 20 })
  })

  it.each<[string, FanRecord[], number]>([
    ['INV-1', [fan(1, 1_000), fan(2, 1_000)], 1],
    ['INV-1', [fan(1, 1_000)], 2],
    ['INV-2', [fan(1, 4_000), fan(2, 2_000)], 1],
    ['INV-4', [fan(1, 1_000, { placesLost: 1 })], 1],
    ['INV-5', [fan(1, 1_000, { tokenChanges: 1 })], 1],
    ['INV-8', [fan(1, 1_000, { positionIncreases: 1 })], 1],
    ['fans that could not', [fan(1, 1_000, { outcome: 'failed', failure: 'POST .. answered 500' })], 1],
    ['fans unfinished', [fan(1, 1_000, { outcome: 'unfinished' })], 1],
  ])('says so when %s is broken', (promise, records, admitted) => {
    const { broken } = reportOn({ records, samples: [{ ...SAMPLE, admitted }] }, 1, 3_000)
    expect(broken).toHaveLength(1)
    expect(broken[0]).toContain(promise)
  })

  it('a notice that came late because the fan was away is not held against the server', () => {
    const away = fan(1, 1_000, {
      notifiedAtMs: 3_000,
      insideUntilMs: 3_100,
      present: [{ fromMs: 2_900, toMs: 4_000 }],
    })
    expect(reportOn({ records: [away], samples: [] }, 1, 4_000).promoteToNotifyMs.p50).toBeNull()
  })

  it('prints one line for each fact and the most frequent failures', () => {
    const failed = fan(1, 1_000, { outcome: 'failed', failure: 'POST .. answered 500' })
    const table = reportTable(reportOn({ records: [failed], samples: [] }, 1, 61_000))
    expect(table).toMatch(/whole run +61\.0 s/)
    expect(table).toMatch(/failed: 1 +POST \.\. answered 500/)
  })
})

describe('progress', () => {
  it('counts who waits, who is inside and who is done', () => {
    const inside = fan(2, 1_000, { outcome: 'unfinished' })
    const waiting = fan(3, 0, { outcome: 'unfinished', notifiedAtMs: null })
    const progress = progressOf(
      { records: [fan(1, 500), inside, waiting, newRecord('shopper')], samples: [] },
      0,
      4_000,
    )
    expect(progress).toEqual({ fans: 4, done: 1, waiting: 1, inside: 1, admitted: 2, admittedPerSecond: 0.5 })
    expect(progressLine(progress)).toBe('waiting 1  inside 1  done 1  admitted/s 0.5')
    expect(progressBlock(progress)).toContain('25 %')
  })
})

function fan(joinNumber: number, admittedAtMs: number, changed: Partial<FanRecord> = {}): FanRecord {
  return {
    ...newRecord('shopper'),
    outcome: 'completed',
    joinNumber,
    joinedAtMs: 0,
    admittedAtMs,
    notifiedAtMs: admittedAtMs + 20,
    insideUntilMs: admittedAtMs + 900,
    present: [{ fromMs: 0, toMs: 10_000 }],
    ...changed,
  }
}
