/** The demo's command line: read, checked and bounded before anything is sent. */
import { parseArgs } from 'node:util'
import { isId } from '../src/core/ids.ts'
import { err, ok } from '../src/core/result.ts'
import type { Result } from '../src/core/result.ts'

export type DemoOptions = {
  readonly fans: number
  readonly capacity: number
  readonly url: URL
  readonly eventId: string
  readonly shopMs: { readonly min: number; readonly max: number }
  /** Shares of the fans, 0..1 each and together at most 1. */
  readonly walkAwayShare: number
  readonly leaveShare: number
  readonly reconnectShare: number
  readonly timeoutSeconds: number
  readonly adminKey: string
  readonly originKey: string
  readonly json: boolean
  readonly keep: boolean
  readonly help: boolean
}

/** One connection each: above this the descriptors and ports of one process get scarce. */
const FANS_MAX = 5_000
const TIMEOUT_SECONDS_MAX = 3_600
const SHOP_SECONDS_MAX = 60

export const USAGE = `Sends fans through the waiting room of a running server and checks what it promises.

  npm run demo -- --fans 500 --capacity 50

  --fans N               how many, 1..${FANS_MAX} (500)
  --capacity N           how many may be inside at once (50)
  --url URL              the server, on loopback only (http://127.0.0.1:8787)
  --event ID             the event to create (demo-<random>)
  --shop-seconds A..B    how long a fan shops (1..4)
  --walk-away SHARE      never finish, their lease expires (0.1)
  --leave SHARE          leave the line (0.05)
  --reconnect SHARE      drop the connection and come back (0.1)
  --timeout SECONDS      give up after (300)
  --admin-key KEY        default: ADMIN_API_KEY, else dev-admin-key
  --origin-key KEY       default: ORIGIN_API_KEY, else dev-origin-key
  --json                 print the result as JSON
  --keep                 do not close and delete the event at the end`

/** @returns the options, or one line that says what is wrong with them. `randomText` names the event. */
export function parseOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  randomText: string,
): Result<DemoOptions, string> {
  try {
    return ok(readOptions(argv, env, randomText))
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error))
  }
}

function readOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  randomText: string,
): DemoOptions {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...argv],
    options: {
      fans: text,
      capacity: text,
      url: text,
      event: text,
      'shop-seconds': text,
      'walk-away': text,
      leave: text,
      reconnect: text,
      timeout: text,
      'admin-key': text,
      'origin-key': text,
      json: flag,
      keep: flag,
      help: flag,
    },
  })
  const shares = {
    walkAwayShare: share('--walk-away', values['walk-away'] ?? '0.1'),
    leaveShare: share('--leave', values.leave ?? '0.05'),
    reconnectShare: share('--reconnect', values.reconnect ?? '0.1'),
  }
  if (shares.walkAwayShare + shares.leaveShare + shares.reconnectShare > 1) {
    throw new Error('--walk-away, --leave and --reconnect together are more than 1')
  }
  return {
    ...shares,
    fans: wholeNumber('--fans', values.fans ?? '500', FANS_MAX),
    capacity: wholeNumber('--capacity', values.capacity ?? '50', 1_000_000),
    timeoutSeconds: wholeNumber('--timeout', values.timeout ?? '300', TIMEOUT_SECONDS_MAX),
    url: loopbackUrl(values.url ?? 'http://127.0.0.1:8787'),
    eventId: eventId(values.event ?? `demo-${randomText}`),
    shopMs: shopRange(values['shop-seconds'] ?? '1..4'),
    adminKey: values['admin-key'] ?? env['ADMIN_API_KEY'] ?? 'dev-admin-key',
    originKey: values['origin-key'] ?? env['ORIGIN_API_KEY'] ?? 'dev-origin-key',
    json: values.json,
    keep: values.keep,
    help: values.help,
  }
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > max)
    throw new Error(`${name}: a whole number from 1 to ${max}`)
  return value
}

function share(name: string, text: string): number {
  const value = Number(text)
  if (!/^\d*\.?\d+$/.test(text) || value > 1) throw new Error(`${name}: a share from 0 to 1`)
  return value
}

function shopRange(text: string): { min: number; max: number } {
  const [, low, high] = /^(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)$/.exec(text) ?? []
  const min = Number(low) * 1_000
  const max = Number(high) * 1_000
  if (!(min <= max && max <= SHOP_SECONDS_MAX * 1_000)) {
    throw new Error(`--shop-seconds: a range such as 1..4, at most ${SHOP_SECONDS_MAX}`)
  }
  return { min, max }
}

/** The demo is a crowd: it is only ever let loose on this machine. */
function loopbackUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol !== 'http:' || !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)) {
    throw new Error('--url: an http address on loopback (127.0.0.1, localhost, [::1])')
  }
  return url
}

function eventId(text: string): string {
  if (!isId(text)) throw new Error('--event: letters, digits, - and _, at most 64')
  return text
}
