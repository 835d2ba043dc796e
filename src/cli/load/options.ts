/** What `usher load` takes: read, checked and bounded before anything is sent. */
import type { Call, OptionSpec } from '../command.ts'
import { SERVER_OPTIONS } from '../command.ts'
import { eventIdFault } from '../commands/event-fields.ts'
import { wrongUsage } from '../exit.ts'
import { isThisMachine, keyFor, targetUrl } from '../server/target.ts'

export type LoadOptions = {
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
  readonly keep: boolean
}

/** One connection each: above this the descriptors and ports of one process get scarce. */
const FANS_MAX = 5_000
const TIMEOUT_SECONDS_MAX = 3_600
const SHOP_SECONDS_MAX = 60

const integer = { kind: 'integer', value: 'N', min: 1 } as const
const share = { kind: 'text', value: 'SHARE' } as const

export const LOAD_OPTIONS: readonly OptionSpec[] = [
  { ...integer, name: 'fans', max: FANS_MAX, byDefault: 500, summary: 'how many' },
  {
    ...integer,
    name: 'capacity',
    max: 1_000_000,
    byDefault: 50,
    summary: 'how many may be inside at once',
  },
  {
    kind: 'text',
    name: 'event',
    value: 'ID',
    summary: 'the event to create, and to delete at the end (demo-<random>)',
  },
  { kind: 'text', name: 'shop-seconds', value: 'A..B', summary: 'how long a fan shops (1..4)' },
  { ...share, name: 'walk-away', summary: 'never finish, their lease runs out (0.1)' },
  { ...share, name: 'leave', summary: 'leave the line (0.05)' },
  { ...share, name: 'reconnect', summary: 'drop the connection and come back (0.1)' },
  {
    ...integer,
    name: 'timeout',
    value: 'SECONDS',
    max: TIMEOUT_SECONDS_MAX,
    byDefault: 300,
    summary: 'give up after',
  },
  ...SERVER_OPTIONS.filter(({ name }) => name !== 'timeout'),
  {
    kind: 'text',
    name: 'origin-key-file',
    value: 'FILE',
    summary: "file with the shop's key (else ORIGIN_API_KEY or .dev.vars)",
  },
  { kind: 'flag', name: 'keep', summary: 'do not close and delete the event at the end' },
]

/** @param randomText names the event. @throws CliFailure that says what is wrong with them. */
export async function loadOptions(call: Call, randomText: string): Promise<LoadOptions> {
  const { args } = call
  const shares = {
    walkAwayShare: shareOf('--walk-away', args.text('walk-away') ?? '0.1'),
    leaveShare: shareOf('--leave', args.text('leave') ?? '0.05'),
    reconnectShare: shareOf('--reconnect', args.text('reconnect') ?? '0.1'),
  }
  if (shares.walkAwayShare + shares.leaveShare + shares.reconnectShare > 1) {
    throw wrongUsage('--walk-away, --leave and --reconnect together are more than 1')
  }
  const url = loopbackUrl(call)
  return {
    ...shares,
    url,
    fans: args.integer('fans') ?? 0,
    capacity: args.integer('capacity') ?? 0,
    timeoutSeconds: args.integer('timeout') ?? 0,
    eventId: eventIdOf(args.text('event') ?? `demo-${randomText}`),
    shopMs: shopRange(args.text('shop-seconds') ?? '1..4'),
    // On this machine there always is one.
    adminKey: (await keyFor(call, url, 'ADMIN_API_KEY', 'key-file')) ?? '',
    originKey: (await keyFor(call, url, 'ORIGIN_API_KEY', 'origin-key-file')) ?? '',
    keep: args.flag('keep'),
  }
}

function shareOf(name: string, text: string): number {
  const value = Number(text)
  if (!/^\d*\.?\d+$/.test(text) || value > 1) throw wrongUsage(`${name}: a share from 0 to 1`)
  return value
}

function shopRange(text: string): { min: number; max: number } {
  const [, low, high] = /^(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?)$/.exec(text) ?? []
  const min = Number(low) * 1_000
  const max = Number(high) * 1_000
  if (!(min <= max && max <= SHOP_SECONDS_MAX * 1_000)) {
    throw wrongUsage(`--shop-seconds: a range such as 1..4, at most ${SHOP_SECONDS_MAX}`)
  }
  return { min, max }
}

/** The load is a crowd: it is only ever let loose on this machine. */
function loopbackUrl(call: Call): URL {
  const url = targetUrl(call)
  if (url.protocol !== 'http:' || !isThisMachine(url)) {
    throw wrongUsage('--url: the load is for a server on this machine, such as http://127.0.0.1:8787')
  }
  return url
}

function eventIdOf(text: string): string {
  const fault = eventIdFault(text)
  if (fault !== null) throw wrongUsage(`--event: ${fault}`)
  return text
}
