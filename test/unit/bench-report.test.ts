/** What the bench says of a run: the table, the JSON, the options, the flame graph. */
import { describe, expect, it } from 'vitest'
import { readOptions } from '../../bench/options.ts'
import { loadsOf } from '../../bench/paths/purchase.ts'
import { flameGraph, selfTimes, type CpuProfile } from '../../bench/profile/flame-graph.ts'
import { namedBySource } from '../../bench/profile/source-names.ts'
import { toJson } from '../../bench/report/json.ts'
import { figure, renderReport, spreadText } from '../../bench/report/table.ts'
import { isMet, type Row } from '../../bench/row.ts'
import { insideToml } from '../../bench/runtime/bundles.ts'

const MACHINE = {
  date: '2026-11-21T12:00:00.000Z',
  commit: 'abc',
  system: 'Linux',
  cpu: '2 x a core',
  memoryGb: 4,
  loadAtStart: 0,
  descriptors: '1024',
  node: 'v24',
  workerd: '1',
  miniflare: '5',
  redis: 'embedded',
}

const ROW: Row = {
  path: 'join',
  what: 'a join',
  place: 'production',
  unit: 'us CPU',
  usher: { median: 200, min: 190, max: 210 },
  floor: { what: 'one row', value: { median: 100, min: 95, max: 105 } },
  ratio: { median: 2, min: 1.9, max: 2.1 },
  target: { of: 'ratio', kind: 'at most', limit: 2 },
}

describe('a target', () => {
  it('is kept by the median of the ratios, or missed', () => {
    expect(isMet(ROW)).toBe(true)
    expect(isMet({ ...ROW, ratio: { median: 2.01, min: 1, max: 3 } })).toBe(false)
    expect(isMet({ ...ROW, target: { of: 'value', kind: 'at least', limit: 201 } })).toBe(false)
  })

  it('is missed where there is no ratio, and nothing where there is no target', () => {
    const { ratio: _ratio, ...withoutRatio } = ROW
    const { target: _target, ...withoutTarget } = ROW
    expect(isMet(withoutRatio)).toBe(false)
    expect(isMet(withoutTarget)).toBeNull()
  })
})

describe('the report', () => {
  it('shows figure, floor, ratio with its spread, and whether the target is met', () => {
    const text = renderReport(MACHINE, [ROW], [])
    expect(text).toContain(
      '| join | a join | 200 (190..210) us CPU | 100 (95.0..105): one row | 2.00 (1.90..2.10) | <= 2x | yes |',
    )
    expect(text).toContain('- workerd: 1')
  })

  it('is the same as JSON', () => {
    const report = JSON.parse(toJson(MACHINE, [ROW], [])) as { rows: (Row & { met: boolean })[] }
    expect(report.rows).toEqual([{ ...ROW, met: true }])
  })

  it('gives three digits of small and whole numbers of large figures', () => {
    expect([0, 0.1234, 1.234, 12.34, 123.4, 1234.5].map(figure)).toEqual([
      '0',
      '0.123',
      '1.23',
      '12.3',
      '123',
      '1235',
    ])
    expect(spreadText({ median: 1, min: 1, max: 1 })).toBe('1.00')
  })
})

describe('the options', () => {
  it('are all paths and five rounds, or what was asked for', () => {
    expect(readOptions([])).toMatchObject({ only: null, rounds: 5, quick: false, json: false })
    expect(readOptions(['--only', 'join, poll', '--rounds', '9'])).toMatchObject({
      only: ['join', 'poll'],
      rounds: 9,
    })
    expect(readOptions(['--quick']).rounds).toBe(3)
  })

  it('name one rate instead of the two that have targets', () => {
    expect(loadsOf(readOptions([]).perSecond).map(({ perSecond }) => perSecond)).toEqual([100, 900])
    const [load, ...others] = loadsOf(readOptions(['purchase', '--per-second', '300']).perSecond)
    expect(load).toMatchObject({ perSecond: 300, steps: ['charge', 'reserve', 'pay'] })
    expect(load).not.toHaveProperty('target')
    expect(others).toEqual([])
    for (const rate of ['0', '1.5', 'many', '5001'])
      expect(() => readOptions(['--per-second', rate])).toThrow('--per-second')
  })

  it('refuse no rounds and unknown words', () => {
    expect(() => readOptions(['--rounds', '0'])).toThrow('--rounds')
    expect(() => readOptions(['--fast'])).toThrow('--fast')
  })
})

const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: { functionName: '(root)', url: '', lineNumber: -1 }, children: [2, 4] },
    { id: 2, callFrame: { functionName: 'outer', url: 'worker.js', lineNumber: 1 }, children: [3] },
    { id: 3, callFrame: { functionName: 'in<ner', url: 'worker.js', lineNumber: 3 } },
    { id: 4, callFrame: { functionName: '(idle)', url: '', lineNumber: -1 } },
  ],
  samples: [2, 3, 3, 4],
  timeDeltas: [0, 100, 200, 300, 400],
}

describe('a profile', () => {
  it('gives each function its own time, and none to idleness', () => {
    expect(selfTimes(PROFILE).map(({ label, ms }) => [label, ms])).toEqual([
      ['in<ner worker.js:4', 0.5],
      ['outer worker.js:2', 0.1],
    ])
  })

  it('becomes a flame graph whose boxes are as wide as the time in them and below', () => {
    const svg = flameGraph('a path', PROFILE)
    expect(svg).toContain('<title>outer worker.js:2: 0.6 ms, 100.0 %</title>')
    expect(svg).toContain('in&lt;ner worker.js:4: 0.5 ms, 83.3 %')
    expect(svg).not.toContain('(idle)')
  })

  it('names the source of a bundled function', () => {
    const script = '// src/a.ts\nfunction outer() {}\n// ../../src/b.ts\nfunction inner() {}'
    expect(selfTimes(namedBySource(PROFILE, script)).map(({ label }) => label)).toEqual([
      'in<ner src/b.ts:4',
      'outer src/a.ts:2',
    ])
  })
})

describe('the Worker with the door', () => {
  it('has what the deployment has, but for its entry', () => {
    const toml = insideToml(
      'name = "usher"\nmain = "src/worker.ts"\n[build]\ncommand = "node dev/pages.ts"\n[assets]\ndirectory = "./public"\n',
      '/b/worker.ts',
    )
    expect(toml).toMatch(
      /^name = "usher"\nmain = "\/b\/worker.ts"\n\[build\]\ncommand = "node \/.+\/dev\/pages.ts"\n\[assets\]\ndirectory = "\/.+\/public"\n$/,
    )
  })
})
