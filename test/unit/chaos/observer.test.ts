/** The control of the chaos run: each broken promise, fed to its observers, must be reported, and a good run must not. */
import { beforeEach, describe, expect, it } from 'vitest'
import { CapacityWatch } from '../../chaos/capacity-watch.ts'
import { PlaceWatch, type SeenPlace } from '../../chaos/place-watch.ts'
import { SeededRandom } from '../../chaos/random.ts'
import { TurnWatch } from '../../chaos/turn-watch.ts'
import { Violations } from '../../chaos/violations.ts'

const ANN = { eventId: 'e', userId: 'ann' }
const BOB = { eventId: 'e', userId: 'bob' }
const at = (ms: number) => ({ fromMs: ms, toMs: ms + 5 })

let violations: Violations
beforeEach(() => {
  violations = new Violations()
})

/** The rules that were reported, in order. */
const rules = (): string[] => violations.lines.map((line) => /Z ([^:]+):/.exec(line)?.[1] ?? line)

function place(joinNumber: number, change: Partial<SeenPlace> = {}): SeenPlace {
  return {
    state: 'WAITING',
    joinNumber,
    joinedAt: `joined ${joinNumber}`,
    position: joinNumber,
    admissionId: null,
    entryToken: null,
    ...change,
  }
}

const admitted = (admissionId: string, entryToken: string): Partial<SeenPlace> => ({
  state: 'ADMITTED',
  position: null,
  admissionId,
  entryToken,
})

describe('places', () => {
  let places: PlaceWatch
  beforeEach(() => {
    places = new PlaceWatch(violations.report)
    places.acknowledged(ANN, place(1))
    places.acknowledged(BOB, place(2))
  })

  it('a whole good life is no news: waits, moves up, is let in, redeems, ends, and joins again at the end', () => {
    places.acknowledged(BOB, place(2))
    places.saw(BOB, place(2, { position: 2 }), at(10))
    places.saw(BOB, place(2, { position: 1 }), at(20))
    places.sweep('e', [
      { joinNumber: 2, position: 2 },
      { joinNumber: 1, position: 1 },
    ])
    places.saw(BOB, place(2, admitted('a1', 't1')), at(30))
    places.promoted(BOB, 'a1', 't1', 40)
    places.redeemed('a1', 'one')
    places.redeemed('a1', 'one')
    places.mayEnd(BOB)
    places.saw(BOB, place(2, { state: 'COMPLETED', position: null }), at(50))
    places.ended(BOB, 'completed')
    places.acknowledged(BOB, place(3))
    places.countJoins('e', 3)
    expect(violations.lines).toEqual([])
    expect(places.counts).toEqual({ joins: 3, admissions: 1 })
  })

  it.each<[string, string, (watch: PlaceWatch) => void]>([
    ['no place at all', 'lost place', (watch) => watch.missing(ANN, 'GET answered 404')],
    ['another number on a repeated join', 'lost place', (watch) => watch.acknowledged(ANN, place(3))],
    ['another number on a poll', 'lost place', (watch) => watch.saw(ANN, place(3), at(10))],
    [
      'an end that nobody asked for',
      'lost place',
      (watch) => watch.saw(ANN, place(1, { state: 'EXPIRED' }), at(9)),
    ],
    [
      'an end that nobody asked for, told on the stream',
      'lost place',
      (watch) => watch.ended(ANN, 'expired'),
    ],
    ['a join that nobody was told of', 'lost place', (watch) => watch.countJoins('e', 3)],
    ['a join that the line has forgotten', 'lost place', (watch) => watch.countJoins('e', 1)],
    [
      'somebody else with the same number',
      'number given twice',
      (watch) => watch.acknowledged({ eventId: 'e', userId: 'eve' }, place(2)),
    ],
    [
      'a place that is waiting again after its admission',
      'lost place',
      (watch) => {
        watch.promoted(ANN, 'a1', 't1', 10)
        watch.saw(ANN, place(1), at(20))
      },
    ],
    [
      'a position that grew',
      'position grew',
      (watch) => {
        watch.position(BOB, 1, at(10))
        watch.position(BOB, 2, at(20))
      },
    ],
    [
      'two who have changed places',
      'out of order',
      (watch) =>
        watch.sweep('e', [
          { joinNumber: 2, position: 1 },
          { joinNumber: 1, position: 2 },
        ]),
    ],
    [
      'another token',
      'token changed',
      (watch) => {
        watch.promoted(ANN, 'a1', 't1', 10)
        watch.promoted(ANN, 'a1', 't2', 20)
      },
    ],
    [
      'a second admission of one place',
      'two admissions',
      (watch) => {
        watch.promoted(ANN, 'a1', 't1', 10)
        watch.promoted(ANN, 'a2', 't2', 20)
      },
    ],
    [
      'one admission of two places',
      'two admissions',
      (watch) => {
        watch.promoted(ANN, 'a1', 't1', 10)
        watch.promoted(BOB, 'a1', 't1', 20)
      },
    ],
    [
      'a second session',
      'two sessions',
      (watch) => {
        watch.redeemed('a1', 'one')
        watch.redeemed('a1', 'two')
      },
    ],
  ])('reports %s', (_what, rule, happen) => {
    happen(places)
    expect(rules()).toEqual([rule])
  })

  it('reports whoever joins again and does not go to the end', () => {
    places.mayEnd(BOB)
    places.ended(BOB, 'left')
    places.acknowledged(BOB, place(2))
    expect(rules()).toEqual(['lost place', 'number given twice'])
  })

  it('answers that crossed on their way are not held against the line', () => {
    places.position(BOB, 1, { fromMs: 10, toMs: 30 })
    places.position(BOB, 2, { fromMs: 20, toMs: 40 })
    places.promoted(BOB, 'a1', 't1', 50)
    places.saw(BOB, place(2, { position: 1 }), { fromMs: 45, toMs: 60 })
    expect(violations.lines).toEqual([])
  })
})

describe('capacity', () => {
  let capacity: CapacityWatch
  beforeEach(() => {
    capacity = new CapacityWatch([{ key: 'p:x', capacity: 2, eventIds: ['e', 'f'] }], violations.report)
  })

  it('a full pool is no news, also when one goes as the next comes', () => {
    capacity.sawLeases('p:x', 2)
    capacity.sawAdmitted('e', 2)
    for (const [eventId, fromMs, toMs] of [
      ['e', 0, 10],
      ['f', 5, 20],
      ['e', 10, 30],
    ] as const) {
      capacity.ledgerInterval(eventId, { fromMs, toMs })
      capacity.crowdInterval(eventId, { fromMs, toMs })
    }
    capacity.drained('p:x', 0, 'leases')
    expect(capacity.finish()).toEqual([
      { pool: 'p:x', capacity: 2, leases: 2, admitted: 2, ledger: 2, crowd: 2 },
    ])
    expect(violations.lines).toEqual([])
  })

  it.each<[string, string, (watch: CapacityWatch) => void]>([
    ['one lease too many', 'over capacity', (watch) => watch.sawLeases('p:x', 3)],
    ['one too many by a line', 'over capacity', (watch) => watch.sawAdmitted('f', 3)],
    ['a lease that stayed', 'slot leaked', (watch) => watch.drained('p:x', 1, 'leases')],
    [
      'three inside at once by the ledgers of two lines',
      'over capacity',
      (watch) => {
        for (const eventId of ['e', 'f', 'f']) watch.ledgerInterval(eventId, { fromMs: 10, toMs: 20 })
      },
    ],
    [
      'three inside for one millisecond as visitors saw it',
      'over capacity',
      (watch) => {
        watch.crowdInterval('e', { fromMs: 0, toMs: 11 })
        watch.crowdInterval('e', { fromMs: 5, toMs: 20 })
        watch.crowdInterval('f', { fromMs: 10, toMs: 30 })
      },
    ],
  ])('reports %s', (_what, rule, happen) => {
    happen(capacity)
    capacity.finish()
    expect(rules()).toEqual([rule])
  })
})

describe('the seed', () => {
  it('repeats every draw, and a fork draws its own', () => {
    const [one, two] = [new SeededRandom(7), new SeededRandom(7)]
    const items = ['a', 'b', 'c', 'd', 'e', 'f']
    expect(one.shuffled(items)).toEqual(two.shuffled(items))
    const fork = one.fork()
    two.fork()
    fork.next()
    expect(one.between(1, 1_000_000)).toBe(two.between(1, 1_000_000))
    expect(new SeededRandom(8).shuffled(items)).not.toEqual(new SeededRandom(7).shuffled(items))
  })
})

describe('turns', () => {
  const first = { joinNumber: 1, gaveUpAtMs: null, admittedAtMs: 30_000 }
  const second = { joinNumber: 2, gaveUpAtMs: null, admittedAtMs: 20_000, present: [] }

  it.each([
    [
      'who stood there all the time and was passed',
      { ...first, present: [{ fromMs: 0, toMs: 25_000 }] },
      ['overtaken'],
    ],
    ['who had only just come back', { ...first, present: [{ fromMs: 15_000, toMs: 25_000 }] }, []],
    ['who had gone', { ...first, present: [{ fromMs: 0, toMs: 19_000 }] }, []],
    ['who had left', { ...first, gaveUpAtMs: 10_000, present: [{ fromMs: 0, toMs: 25_000 }] }, []],
    ['who was let in first', { ...first, admittedAtMs: 20_000, present: [{ fromMs: 0, toMs: 25_000 }] }, []],
  ])('%s', (_who, turn, expected) => {
    const turns = new TurnWatch(violations.report)
    turns.add('e', turn)
    turns.add('e', second)
    turns.finish()
    expect(rules()).toEqual(expected)
  })
})
