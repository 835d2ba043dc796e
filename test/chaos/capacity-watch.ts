/**
 * How many were inside, from four independent sides: the leases of Redis, the lines' own counts, the ledgers' exact
 * times, and the times between which a visitor surely was inside (INV-1, INV-6). Makes no calls.
 */
import { occupancyOf, type Interval } from '../../src/cli/load/statistics.ts'
import type { Violations } from './violations.ts'

export type WatchedPool = {
  /** As in Redis: `e:<eventId>` or `p:<poolId>`. */
  readonly key: string
  readonly capacity: number
  readonly eventIds: readonly string[]
}

export type PoolPeaks = {
  readonly pool: string
  readonly capacity: number
  readonly leases: number
  readonly admitted: number
  readonly ledger: number
  readonly crowd: number
}

type Side = 'leases' | 'admitted'
type Record = {
  readonly pool: WatchedPool
  peaks: { leases: number; admitted: number }
  ledger: Interval[]
  crowd: Interval[]
}

export class CapacityWatch {
  readonly #report: Violations['report']
  readonly #records: readonly Record[]
  samples = 0

  constructor(pools: readonly WatchedPool[], report: Violations['report']) {
    this.#report = report
    this.#records = pools.map((pool) => ({ pool, peaks: { leases: 0, admitted: 0 }, ledger: [], crowd: [] }))
  }

  /** Leases that Redis held at one instant. */
  sawLeases(poolKey: string, count: number): void {
    this.samples += 1
    const record = this.#records.find(({ pool }) => pool.key === poolKey)
    if (record !== undefined) this.#sampled(record, 'leases', count)
  }

  /** What one line counted inside at one instant. Counts of two lines are of two instants, so they are not added. */
  sawAdmitted(eventId: string, count: number): void {
    this.samples += 1
    this.#sampled(this.#recordOf(eventId), 'admitted', count)
  }

  /** From when to when an admission lived, as its ledger says. */
  ledgerInterval(eventId: string, interval: Interval): void {
    this.#recordOf(eventId).ledger.push(interval)
  }

  /** From when to when a visitor surely was inside: it had heard of its admission, and nobody had asked for its end. */
  crowdInterval(eventId: string, interval: Interval): void {
    this.#recordOf(eventId).crowd.push(interval)
  }

  /** At the end, when everybody has gone. */
  drained(poolKey: string, left: number, what: 'leases' | 'admitted' | 'waiting'): void {
    if (left !== 0) this.#report('slot leaked', `${poolKey}: ${left} ${what} when everybody had gone`)
  }

  /** The most that were inside, by each side; exact overlaps are judged here. */
  finish(): PoolPeaks[] {
    return this.#records.map(({ pool, peaks, ledger, crowd }) => {
      const { key, capacity } = pool
      const exact = { ledger: occupancyOf(ledger, capacity), crowd: occupancyOf(crowd, capacity) }
      for (const [side, { peak, overCapacityInstants }] of Object.entries(exact)) {
        if (overCapacityInstants > 0)
          this.#report('over capacity', `${key}: ${peak} of ${capacity} inside by the ${side}'s times`)
      }
      return { pool: key, capacity, ...peaks, ledger: exact.ledger.peak, crowd: exact.crowd.peak }
    })
  }

  #sampled({ pool, peaks }: Record, side: Side, count: number): void {
    peaks[side] = Math.max(peaks[side], count)
    if (count > pool.capacity)
      this.#report('over capacity', `${pool.key}: ${count} ${side} of ${pool.capacity}`)
  }

  #recordOf(eventId: string): Record {
    const record = this.#records.find(({ pool }) => pool.eventIds.includes(eventId))
    if (record === undefined) throw new Error(`no pool of the event ${eventId} is watched`)
    return record
  }
}
