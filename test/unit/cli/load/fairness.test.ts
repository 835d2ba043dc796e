import { describe, expect, it } from 'vitest'
import { inversionsAmong } from '../../../../src/cli/load/fairness.ts'
import type { Turn } from '../../../../src/cli/load/fairness.ts'

const MARGIN_MS = 100
const ALWAYS = [{ fromMs: 0, toMs: 10_000 }]

describe('inversionsAmong (INV-2)', () => {
  it('sees a present fan who was overtaken', () => {
    const turns = [
      turn(1, { admittedAtMs: 2_000 }),
      turn(2, { admittedAtMs: 1_000 }),
      turn(3, { admittedAtMs: 1_500 }),
    ]
    expect(inversionsAmong(turns, MARGIN_MS)).toEqual([
      { overtaken: 1, by: 2 },
      { overtaken: 1, by: 3 },
    ])
  })

  it('sees a present fan who was never admitted at all', () => {
    expect(inversionsAmong([turn(1), turn(2, { admittedAtMs: 1_000 })], MARGIN_MS)).toHaveLength(1)
  })

  it.each<[string, Turn[]]>([
    ['in order', [turn(1, { admittedAtMs: 1_000 }), turn(2, { admittedAtMs: 2_000 })]],
    ['in one batch', [turn(1, { admittedAtMs: 1_000 }), turn(2, { admittedAtMs: 1_000 })]],
    ['listed in another order', [turn(2, { admittedAtMs: 2_000 }), turn(1, { admittedAtMs: 1_000 })]],
    ['past one who had left', [turn(1, { gaveUpAtMs: 900 }), turn(2, { admittedAtMs: 1_000 })]],
    [
      'past one who was away',
      [turn(1, { present: [{ fromMs: 0, toMs: 800 }] }), turn(2, { admittedAtMs: 1_000 })],
    ],
    [
      'past one who came back just then',
      [turn(1, { present: [{ fromMs: 950, toMs: 9_000 }] }), turn(2, { admittedAtMs: 1_000 })],
    ],
    [
      'past one who was just going',
      [turn(1, { present: [{ fromMs: 0, toMs: 1_050 }] }), turn(2, { admittedAtMs: 1_000 })],
    ],
  ])('is content when fans are admitted %s', (_, turns) => {
    expect(inversionsAmong(turns, MARGIN_MS)).toEqual([])
  })
})

function turn(joinNumber: number, changed: Partial<Turn> = {}): Turn {
  return { joinNumber, admittedAtMs: null, gaveUpAtMs: null, present: ALWAYS, ...changed }
}
