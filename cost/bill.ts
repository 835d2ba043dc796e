/** What it costs: quantities times list prices, with every step kept for those who want to check it. */
import { JOIN_SHARDS_MAX, JOINS_PER_SECOND_OF_A_SHARD, STREAMS_MAX } from '../src/core/limits.ts'
import { text, type Activity, type Phase } from './activity.ts'
import { activitiesOf, callsPerSecondOf, needsOf, totalsOf } from './model.ts'
import { objectsOf, type Objects } from './objects.ts'
import { OPERATION_NAMES, type OperationName, type Operations } from './operations.ts'
import { METERS, PAID_PLAN_USD, PRICES, type Meter, type Price } from './prices.ts'
import { joinsPerSecondOf, streamsOf, visitorsOf, type Workload } from './workload.ts'

export type BillLine = {
  readonly meter: Meter
  readonly price: Price
  readonly quantity: number
  readonly usd: number
  /** With nothing else on the account this month. */
  readonly usdBeyondIncluded: number
  readonly parts: readonly BillPart[]
}

/** The share of one activity in a line. */
export type BillPart = Pick<Activity, 'phase' | 'label' | 'times' | 'arithmetic'> & {
  readonly each: number
  readonly quantity: number
}

export type Bill = {
  readonly name: string
  /** Of those who wait, 0..1. */
  readonly streamsShare: number
  readonly objects: Objects
  readonly visitors: number
  readonly lines: readonly BillLine[]
  readonly usd: number
  /** The paid plan and what is beyond its allowances, if this sale were all of the month. */
  readonly usdOfMonth: number
  readonly usdByPhase: Readonly<Record<Phase, number>>
  /** Of one visitor in the line. */
  readonly usdPerWaitingHour: number
  /** What the line as it is does not carry: the bill is then for something larger than it. */
  readonly warnings: readonly string[]
}

/** Cloudflare's soft limit for one object (https://developers.cloudflare.com/durable-objects/platform/limits/). */
const OBJECT_CALLS_PER_SECOND = 1_000
const JOINS_PER_SECOND_MAX = JOIN_SHARDS_MAX * JOINS_PER_SECOND_OF_A_SHARD

export const PHASES: readonly Phase[] = ['arriving', 'waiting', 'shopping', 'buying', 'event', 'afterwards']

export function billOf(name: string, load: Workload, streamsShare: number, counted: Operations): Bill {
  const activities = activitiesOf(load, streamsShare, counted)
  const lines = METERS.map((meter) => lineOf(meter, activities))
  const usdOf = (of: readonly Activity[]): number => {
    const totals = totalsOf(of)
    return METERS.reduce((sum, meter) => sum + totals[meter] * unitUsd(meter), 0)
  }
  const usdByPhase = Object.fromEntries(
    PHASES.map((phase) => [phase, usdOf(activities.filter((activity) => activity.phase === phase))]),
  ) as Record<Phase, number>
  return {
    name,
    streamsShare,
    objects: objectsOf(load, streamsShare),
    visitors: visitorsOf(load),
    lines,
    usd: sum(lines.map(({ usd }) => usd)),
    usdOfMonth: PAID_PLAN_USD + sum(lines.map(({ usdBeyondIncluded }) => usdBeyondIncluded)),
    usdByPhase,
    warnings: warningsOf(load, streamsShare, activities),
    usdPerWaitingHour: (usdByPhase.waiting + usdByPhase.event) / (load.waiting * load.hours),
  }
}

/** Counted to know them, yet without a price of their own: what streams send is free. */
const FREE: readonly OperationName[] = ['streamSecondQuiet', 'streamSecondMoving']

/** List price of a million of each counted operation by itself, without logs. */
export function pricePerMillion(counted: Operations): Partial<Record<OperationName, number>> {
  const usdOf = (name: OperationName): number => {
    const operation = counted[name]
    const needs = needsOf(operation)
    const ticks =
      name === 'tick'
        ? {
            objectRequests: operation.alarms / operation.count,
            rowsWritten: operation.alarmsSet / operation.count,
          }
        : { objectRequests: 0, rowsWritten: 0 }
    const all = {
      ...needs,
      objectRequests: needs.objectRequests + ticks.objectRequests,
      rowsWritten: needs.rowsWritten + ticks.rowsWritten,
    }
    return sum(Object.entries(all).map(([meter, each]) => each * unitUsd(meter as Meter))) * 1_000_000
  }
  const priced = OPERATION_NAMES.filter((name) => !FREE.includes(name))
  return Object.fromEntries(priced.map((name) => [name, usdOf(name)]))
}

/** Where a case is beyond what one event carries, shards included. */
function warningsOf(load: Workload, streamsShare: number, activities: readonly Activity[]): string[] {
  const streams = streamsOf(load, streamsShare)
  const joinsPerSecond = Math.round(joinsPerSecondOf(load))
  const callsPerSecond = Math.round(callsPerSecondOf(load, activities))
  return [
    ...beyond(streams, STREAMS_MAX, 'streams', 'an event has at most', '; the others poll'),
    ...beyond(joinsPerSecond, JOINS_PER_SECOND_MAX, 'joins a second', 'its shards are planned for', ''),
    ...beyond(callsPerSecond, OBJECT_CALLS_PER_SECOND, 'calls a second', 'a line takes about', ''),
  ]
}

function beyond(amount: number, limit: number, what: string, bound: string, then: string): string[] {
  return amount > limit ? [`${text(amount)} ${what}: ${bound} ${text(limit)}${then}`] : []
}

function lineOf(meter: Meter, activities: readonly Activity[]): BillLine {
  const parts = activities
    .map(({ phase, label, times, arithmetic, needs }) => {
      const each = needs[meter] ?? 0
      return { phase, label, times, arithmetic, each, quantity: times * each }
    })
    .filter(({ quantity }) => quantity > 0)
  const quantity = sum(parts.map((part) => part.quantity))
  const price = PRICES[meter]
  return {
    meter,
    price,
    quantity,
    usd: quantity * unitUsd(meter),
    usdBeyondIncluded: Math.max(0, quantity - price.included) * unitUsd(meter),
    parts,
  }
}

function unitUsd(meter: Meter): number {
  const { usd, per } = PRICES[meter]
  return usd / per
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
