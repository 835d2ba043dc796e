/** List prices, each with where it was read and when. In US dollars, beyond what a plan includes. */

export const METERS = [
  'workerRequests',
  'workerCpuMs',
  'objectRequests',
  'objectGbSeconds',
  'rowsRead',
  'rowsWritten',
  'logEvents',
  'queueOperations',
  'redisCommands',
] as const
export type Meter = (typeof METERS)[number]

export type Price = {
  readonly service: string
  readonly item: string
  /** For `per` units. */
  readonly usd: number
  readonly per: number
  /** Units a month that the paid plan includes, for everything that the account does. */
  readonly included: number
  readonly source: string
  /** The latest day for which the figure is known, ISO 8601; null when the copy that was read bears no date. */
  readonly asOf: string | null
  /** How the day is known, and what is doubtful. */
  readonly evidence: string
}

const MILLION = 1_000_000
const WORKERS_PAGE = 'https://developers.cloudflare.com/workers/platform/pricing/'
const OBJECTS_PAGE = 'https://developers.cloudflare.com/durable-objects/platform/pricing/'
const DATABASE_PAGE = 'https://developers.cloudflare.com/d1/platform/pricing/'
const WORKERS_EVIDENCE =
  'a copy of the page without a date; a third party read the same figures there on that day'
const OBJECTS_EVIDENCE = 'a copy of the page, and the source text of its tables, neither with a date'

export const PRICES: Readonly<Record<Meter, Price>> = {
  workerRequests: {
    service: 'Cloudflare Workers',
    item: 'requests',
    usd: 0.3,
    per: MILLION,
    included: 10 * MILLION,
    source: WORKERS_PAGE,
    asOf: '2026-08-03',
    evidence: WORKERS_EVIDENCE,
  },
  workerCpuMs: {
    service: 'Cloudflare Workers',
    item: 'CPU ms',
    usd: 0.02,
    per: MILLION,
    included: 30 * MILLION,
    source: WORKERS_PAGE,
    asOf: '2026-08-03',
    evidence: WORKERS_EVIDENCE,
  },
  objectRequests: {
    service: 'Cloudflare Durable Objects',
    item: 'requests (calls, streams, alarms)',
    usd: 0.15,
    per: MILLION,
    included: MILLION,
    source: OBJECTS_PAGE,
    asOf: null,
    evidence: OBJECTS_EVIDENCE,
  },
  objectGbSeconds: {
    service: 'Cloudflare Durable Objects',
    item: 'duration, GB-s',
    usd: 12.5,
    per: MILLION,
    included: 400_000,
    source: OBJECTS_PAGE,
    asOf: null,
    evidence: OBJECTS_EVIDENCE,
  },
  rowsRead: {
    service: 'Cloudflare Durable Objects',
    item: 'rows read',
    usd: 0.001,
    per: MILLION,
    included: 25_000 * MILLION,
    source: OBJECTS_PAGE,
    asOf: null,
    evidence: OBJECTS_EVIDENCE,
  },
  rowsWritten: {
    service: 'Cloudflare Durable Objects',
    item: 'rows written (alarms set included)',
    usd: 1,
    per: MILLION,
    included: 50 * MILLION,
    source: OBJECTS_PAGE,
    asOf: null,
    evidence: OBJECTS_EVIDENCE,
  },
  logEvents: {
    service: 'Cloudflare Workers Logs',
    item: 'log events',
    usd: 0.6,
    per: MILLION,
    included: 20 * MILLION,
    source: 'https://developers.cloudflare.com/workers/observability/logs/workers-logs/',
    asOf: '2026-10-02',
    evidence:
      'the day of the page; the figure is from the source text of its table, which ends it on 2026-11-30',
  },
  queueOperations: {
    service: 'Cloudflare Queues',
    item: 'operations (a message written, read, deleted)',
    usd: 0.4,
    per: MILLION,
    included: MILLION,
    source: 'https://developers.cloudflare.com/queues/platform/pricing/',
    asOf: null,
    evidence: 'a copy of the page without a date',
  },
  redisCommands: {
    service: 'Upstash Redis, pay as you go',
    item: 'commands',
    usd: 0.2,
    per: 100_000,
    included: 0,
    source: 'https://upstash.com/pricing/redis',
    asOf: '2026-11-09',
    evidence: 'a third party captured the page on that day; the documentation says the same',
  },
}

/** What claims of drops need beyond all that. Redis and PostgreSQL of one's own are not priced. */
export const CLAIM_PRICES: Readonly<
  Record<'databaseRowsRead' | 'databaseRowsWritten' | 'queueOperations', Price>
> = {
  databaseRowsRead: {
    service: 'Cloudflare D1',
    item: 'rows read',
    usd: 0.001,
    per: MILLION,
    included: 25_000 * MILLION,
    source: DATABASE_PAGE,
    asOf: null,
    evidence: 'a copy of the page without a date',
  },
  databaseRowsWritten: {
    service: 'Cloudflare D1',
    item: 'rows written',
    usd: 1,
    per: MILLION,
    included: 50 * MILLION,
    source: DATABASE_PAGE,
    asOf: null,
    evidence: 'a copy of the page without a date',
  },
  queueOperations: {
    service: 'Cloudflare Queues',
    item: 'operations: a write, a read and a delete of each message',
    usd: 0.4,
    per: MILLION,
    included: MILLION,
    source: 'https://developers.cloudflare.com/queues/platform/pricing/',
    asOf: null,
    evidence: 'a copy of the page without a date',
  },
}

/** The month's minimum of Cloudflare's paid plan, for the whole account. Same page and day as the requests. */
export const PAID_PLAN_USD = 5

/** What takes the place of the price of log events on that day, by size instead of by number. */
export const NEXT_LOG_PRICE = {
  from: '2026-12-01',
  usdPerGb: 0.25,
  includedGb: 50,
  source: 'https://developers.cloudflare.com/observability/pricing/',
} as const

/** An object is billed as if it had this much, whatever it uses. Same page as its prices. */
export const OBJECT_GB = 0.128
