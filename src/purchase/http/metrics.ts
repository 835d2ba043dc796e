/** What `GET /metrics` shows of the sales. */
import type { MetricFamily, MetricSample } from '../../http/metrics-text.ts'
import type { EpochMs } from '../../core/time.ts'
import type { SaleFigures } from '../ports.ts'

export const SALE_METRICS = ['seats', 'payments', 'oldest_stuck_payment_seconds', 'errands_owed'] as const
type SaleMetric = (typeof SALE_METRICS)[number]

const HELP: Readonly<Record<SaleMetric, string>> = {
  seats: 'Seats by state; one that is being paid for is held.',
  payments: 'Payments by method and state.',
  oldest_stuck_payment_seconds: 'Age of the oldest stuck payment, from when it was begun; 0 without one.',
  errands_owed: 'What a seat office owes to others, by kind.',
}

/** Gauges. Zeros are shown, so that an alarm can tell none from no answer. */
export function saleFamilies(sales: readonly SaleFigures[], nowMs: EpochMs): MetricFamily[] {
  const samplesOf: Record<SaleMetric, (sale: SaleFigures) => readonly MetricSample[]> = {
    seats: ({ eventId, seats }) => byLabel({ event: eventId }, 'state', seats),
    payments: ({ eventId, payments }) =>
      Object.entries(payments).flatMap(([method, states]) =>
        byLabel({ event: eventId, method }, 'state', states),
      ),
    oldest_stuck_payment_seconds: ({ eventId, oldestStuckAt }) => [
      { labels: { event: eventId }, value: oldestStuckAt === null ? 0 : ageSeconds(oldestStuckAt, nowMs) },
    ],
    errands_owed: ({ eventId, owed }) => byLabel({ event: eventId }, 'kind', owed),
  }
  return SALE_METRICS.map((name) => ({
    name,
    type: 'gauge',
    help: HELP[name],
    samples: sales.flatMap(samplesOf[name]),
  }))
}

function byLabel(
  labels: MetricSample['labels'],
  label: string,
  values: Readonly<Record<string, number>>,
): MetricSample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { ...labels, [label]: name }, value }))
}

/** Clocks differ: never below zero. */
function ageSeconds(at: string, nowMs: EpochMs): number {
  return Math.max(0, Math.round((nowMs - Date.parse(at)) / 1_000))
}
