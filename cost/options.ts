/** The command line of `npm run cost`: read, checked and bounded. */
import { parseArgs } from 'node:util'
import { err, ok, type Result } from '../src/core/result.ts'
import { PAYMENT_METHODS } from '../src/purchase/core/records.ts'
import type { PayBy, Workload } from './workload.ts'

export type CostOptions = {
  readonly load: Workload
  /** Of those who wait, in the mix: 0..1. */
  readonly streamsShare: number
  readonly json: boolean
  readonly help: boolean
}

const WAITING_MAX = 10_000_000
const HOURS_MAX = 744
const PER_MINUTE_MAX = 1_000_000
const SESSION_MINUTES_MAX = 720
const JOIN_SECONDS_MAX = 86_400
const OBJECTS_MAX = 100_000

export const USAGE = `Prints what a sale costs on Cloudflare and Upstash at list prices, for streams, for polling and for a mix.

  npm run cost -- --waiting 100000 --hours 1

  --waiting N            how long the line is, all the time, 1..${WAITING_MAX} (100000)
  --hours H              how long the sale lasts, up to ${HOURS_MAX} (1)
  --admit-per-minute N   visitors admitted, and followed by as many in the line, 0..${PER_MINUTE_MAX} (1000)
  --session-minutes M    how long a visitor shops, up to ${SESSION_MINUTES_MAX} (10)
  --join-seconds S       in how many seconds those who wait have come, 1..${JOIN_SECONDS_MAX} (600)
  --buy SHARE            of those admitted, who buy a seat from the purchase service, 0..1 (0)
  --pay-by METHOD        ${PAYMENT_METHODS.join(' or ')}, of those who buy there (provider)
  --webhooks             the shop is told of everything
  --streams-share SHARE  of those who wait, in the mix, 0..1 (0.8)
  --log-sampling SHARE   of requests and calls, 0..1 (as wrangler.toml says)
  --objects N            objects awake all the time, 1..${OBJECTS_MAX} (the line, and shards by its own rule)
  --json                 print everything as JSON
  --help`

/**
 * @param logSampling the default of --log-sampling.
 * @returns the options, or one line that says what is wrong with them.
 */
export function parseOptions(argv: readonly string[], logSampling: number): Result<CostOptions, string> {
  try {
    return ok(readOptions(argv, logSampling))
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error))
  }
}

function readOptions(argv: readonly string[], logSampling: number): CostOptions {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...argv],
    options: {
      waiting: text,
      hours: text,
      'admit-per-minute': text,
      'session-minutes': text,
      'join-seconds': text,
      buy: text,
      'pay-by': text,
      webhooks: flag,
      'streams-share': text,
      'log-sampling': text,
      objects: text,
      json: flag,
      help: flag,
    },
  })
  const { objects } = values
  return {
    load: {
      waiting: wholeNumber('--waiting', values.waiting ?? '100000', 1, WAITING_MAX),
      hours: amount('--hours', values.hours ?? '1', HOURS_MAX),
      admitPerMinute: wholeNumber(
        '--admit-per-minute',
        values['admit-per-minute'] ?? '1000',
        0,
        PER_MINUTE_MAX,
      ),
      sessionMinutes: amount('--session-minutes', values['session-minutes'] ?? '10', SESSION_MINUTES_MAX),
      joinSeconds: wholeNumber('--join-seconds', values['join-seconds'] ?? '600', 1, JOIN_SECONDS_MAX),
      logSampling: share('--log-sampling', values['log-sampling'] ?? String(logSampling)),
      buyShare: share('--buy', values.buy ?? '0'),
      payBy: payBy(values['pay-by'] ?? 'provider'),
      isShopTold: values.webhooks,
      objects: objects === undefined ? null : wholeNumber('--objects', objects, 1, OBJECTS_MAX),
    },
    streamsShare: share('--streams-share', values['streams-share'] ?? '0.8'),
    json: values.json,
    help: values.help,
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new Error(`${name}: a whole number from ${min} to ${max}`)
  return value
}

function amount(name: string, text: string, max: number): number {
  const value = Number(text)
  if (!/^\d*\.?\d+$/.test(text) || value === 0 || value > max)
    throw new Error(`${name}: a number above 0, at most ${max}`)
  return value
}

function payBy(text: string): PayBy {
  const method = PAYMENT_METHODS.find((one) => one === text)
  if (method === undefined) throw new Error(`--pay-by: ${PAYMENT_METHODS.join(' or ')}`)
  return method
}

function share(name: string, text: string): number {
  const value = Number(text)
  if (!/^\d*\.?\d+$/.test(text) || value > 1) throw new Error(`${name}: a share from 0 to 1`)
  return value
}
