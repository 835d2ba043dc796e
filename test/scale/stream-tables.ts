/** What the clients of all processes have seen, as tables. */
import { updateSeconds } from '../../src/core/update-rate.ts'
import type { StreamFigures } from './stream-clients.ts'

/** Lags are counted by the millisecond up to here. */
const LAG_MS_MAX = 5_000

export type MergedFigures = StreamFigures

/** How many of the lags are so many whole milliseconds. */
export function countsOf(lagsMs: readonly number[]): number[] {
  const counts = Array.from({ length: LAG_MS_MAX + 1 }, () => 0)
  for (const ms of lagsMs) countLag(counts, ms)
  return counts
}

export function countLag(counts: number[], ms: number): void {
  const slot = Math.min(LAG_MS_MAX, Math.max(0, Math.round(ms)))
  counts[slot] = (counts[slot] ?? 0) + 1
}

export function merged(all: readonly StreamFigures[]): MergedFigures {
  const messages: Record<string, number> = {}
  for (const figures of all) {
    for (const [name, count] of Object.entries(figures.messages))
      messages[name] = (messages[name] ?? 0) + count
  }
  return {
    messages,
    tickLags: sum(all.map(({ tickLags }) => tickLags)),
    deliveryLags: sum(all.map(({ deliveryLags }) => deliveryLags)),
    told: all.flatMap(({ told }) => told),
    grown: total(all.map(({ grown }) => grown)),
    refused: total(all.map(({ refused }) => refused)),
    longestRetryMs: Math.max(0, ...all.map(({ longestRetryMs }) => longestRetryMs)),
  }
}

/** `after the tick`: from the whole second to its arrival. `on the way`: from the time in the message. */
export function lagTable(figures: MergedFigures): Record<string, { p50: number; p99: number; max: number }> {
  return {
    'after the tick, ms': quantiles(figures.tickLags),
    'on the way, ms': quantiles(figures.deliveryLags),
  }
}

/** For each rate that positions are told at: how many streams have it, and the seconds between two positions. */
export function rateTable(
  figures: MergedFigures,
  seconds: number,
): Record<string, { streams: number; 'seconds between positions': number }> {
  const byRate = Map.groupBy(figures.told, ({ position }) => updateSeconds(position))
  const rows = [...byRate].toSorted(([a], [b]) => a - b)
  return Object.fromEntries(
    rows.map(([rate, streams]) => {
      const told = total(streams.map(({ count }) => count))
      const between = Math.round(((streams.length * seconds) / told) * 100) / 100
      return [`every ${rate} s`, { streams: streams.length, 'seconds between positions': between }]
    }),
  )
}

function quantiles(counts: readonly number[]): { p50: number; p99: number; max: number } {
  return { p50: quantile(counts, 0.5), p99: quantile(counts, 0.99), max: quantile(counts, 1) }
}

function quantile(counts: readonly number[], share: number): number {
  const upTo = total(counts) * share
  let seen = 0
  for (const [ms, count] of counts.entries()) {
    seen += count
    if (seen >= upTo && seen > 0) return ms
  }
  return 0
}

function sum(lists: readonly (readonly number[])[]): number[] {
  return (lists[0] ?? []).map((_, index) => total(lists.map((list) => list[index] ?? 0)))
}

function total(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0)
}
