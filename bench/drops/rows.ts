/** What the report says of drops. */
import { millionClaimsUsd, type ClaimNeeds } from '../../cost/claims.ts'
import { Latencies } from '../measure/latency.ts'
import { ratioSpread, spreadOf } from '../measure/spread.ts'
import type { Row, Target } from '../row.ts'
import { STRATEGIES, type Run, type Side, type Strategy } from './coupon-shop.ts'

/** Round by round. */
export type Runs = ReadonlyMap<Side, readonly Run[]>
export type Refusals = {
  readonly noOp: readonly number[]
  readonly of: ReadonlyMap<Strategy, readonly number[]>
}

const NAMES: Readonly<Record<Side, string>> = {
  insert: 'Worker -> object call with one SQLite insert',
  object: 'the same by `object`',
  'redis-queue': 'the same by `redis-queue`',
  'skip-locked': 'the same by `skip-locked`',
}
/** Beside what each is judged, and how much slower it may be. */
const JUDGED: Readonly<Record<Strategy, { readonly beside: Side; readonly target: Target }>> = {
  object: { beside: 'insert', target: atLeast(0.6) },
  'redis-queue': { beside: 'insert', target: atLeast(0.6) },
  'skip-locked': { beside: 'object', target: atLeast(0.5) },
}
const REFUSED = atLeast(0.9)
/** The last tenth of a hundred thousand beside the first, where a query does the work: one whose cost grows is at a tenth. */
const FLAT: Readonly<Partial<Record<Strategy, Target>>> = { 'skip-locked': atLeast(0.8) }

export function claimRows(stock: number, runs: Runs): Row[] {
  return strategiesOf(runs).flatMap((strategy) => {
    const { beside, target } = JUDGED[strategy]
    const [ours, theirs] = [runsOf(runs, strategy), runsOf(runs, beside)]
    const common = { path: 'drops', place: 'production' } as const
    const rates = (of: readonly Run[]): number[] => of.map(({ perSecond }) => perSecond)
    const costs = (of: readonly Run[]): number[] => of.map(({ cpuUs }) => cpuUs)
    return [
      {
        ...common,
        series: `${strategy}, ${stock} coupons`,
        what: `\`${strategy}\`: claims of ${stock} coupons`,
        unit: 'per second',
        usher: spreadOf(rates(ours)),
        usherLatency: summaryOf(ours),
        floor: {
          what: NAMES[beside],
          value: spreadOf(rates(theirs)),
          latency: beside === 'insert' && strategy === STRATEGIES[0] ? summaryOf(theirs) : null,
        },
        ratio: ratioSpread(rates(ours), rates(theirs)),
        target,
      },
      {
        ...common,
        what: `\`${strategy}\`: the runtime for one of ${stock} claims, recorded`,
        unit: 'us CPU',
        usher: spreadOf(costs(ours)),
        floor: { what: NAMES.insert, value: spreadOf(costs(runsOf(runs, 'insert'))) },
        ratio: ratioSpread(costs(ours), costs(runsOf(runs, 'insert'))),
      },
    ] satisfies Row[]
  })
}

export function refusalRows({ noOp, of }: Refusals): Row[] {
  return [...of].map(([strategy, rates]) => {
    return {
      path: 'drops',
      what: `\`${strategy}\`: refusals once everything is gone`,
      place: 'production',
      unit: 'per second',
      usher: spreadOf(rates),
      floor: { what: 'a route that does nothing', value: spreadOf(noOp) },
      ratio: ratioSpread(rates, noOp),
      target: REFUSED,
    }
  })
}

export function flatnessRows(runs: Runs): Row[] {
  return strategiesOf(runs).map((strategy) => {
    const tenths = runsOf(runs, strategy).flatMap((run) => run.tenths)
    const target = FLAT[strategy]
    const first = tenths.at(0) ?? 0
    const last = tenths.at(-1) ?? 0
    return {
      path: 'drops',
      what: `\`${strategy}\`: the last tenth of those claims`,
      place: 'production',
      unit: 'per second',
      usher: spreadOf([last]),
      floor: { what: 'the first tenth', value: spreadOf([first]) },
      ratio: ratioSpread([last], [first]),
      ...(target !== undefined && { target }),
      notes: [
        `${strategy}, claims a second in each tenth: ${tenths.map((rate) => rate.toFixed(0)).join(' ')}`,
      ],
    }
  })
}

/** At list price; what an own Redis or PostgreSQL costs is not in it. */
export function costRows(runs: Runs, needs: ReadonlyMap<Strategy, ClaimNeeds>): Row[] {
  return [...needs].map(([strategy, each]): Row => {
    const usd = runsOf(runs, strategy).map(({ cpuUs }) => millionClaimsUsd(each, cpuUs))
    const counted = Object.entries(each).map(([name, units]) => `${name} ${Number(units.toFixed(4))}`)
    return {
      path: 'drops',
      what: `\`${strategy}\`: a million claims at list price`,
      place: 'production',
      unit: 'USD',
      usher: spreadOf(usd),
      notes: [`${strategy}, billed for one claim: ${counted.join(', ')}`],
    }
  })
}

function strategiesOf(runs: Runs): Strategy[] {
  return STRATEGIES.filter((strategy) => runs.has(strategy))
}

function runsOf(runs: Runs, side: Side): readonly Run[] {
  return runs.get(side) ?? []
}

function summaryOf(runs: readonly Run[]): ReturnType<Latencies['summary']> {
  const all = new Latencies()
  for (const { latencies } of runs) all.add(latencies)
  return all.summary()
}

function atLeast(limit: number): Target {
  return { of: 'ratio', kind: 'at least', limit }
}
