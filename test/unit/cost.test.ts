/** The bill: the arithmetic on counts that are easy to check by hand, the command line, and the counted file itself. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { billOf, pricePerMillion } from '../../cost/bill.ts'
import { logSamplingOf } from '../../cost/log-sampling.ts'
import { objectsOf } from '../../cost/objects.ts'
import {
  OPERATION_NAMES,
  readCounted,
  type Operation,
  type OperationName,
  type Operations,
} from '../../cost/operations.ts'
import { parseOptions } from '../../cost/options.ts'
import { METERS, PRICES, type Meter } from '../../cost/prices.ts'
import type { Workload } from '../../cost/workload.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const NOTHING: Operation = {
  unit: 'thing',
  count: 10,
  workerRequests: 0,
  objectRequests: 0,
  alarms: 0,
  alarmsSet: 0,
  rowsRead: 0,
  rowsWritten: 0,
  queueOperations: 0,
  redisRequests: 0,
  redisCalls: 0,
  redisCommands: 0,
  streamMessages: 0,
  bytesOut: 0,
  cpuMs: 0,
}

/** Operations that cost nothing but what the test says, of ten done. */
function counted(costs: Partial<Record<OperationName, Partial<Operation>>>): Operations {
  const entries = OPERATION_NAMES.map((name) => [name, { ...NOTHING, ...costs[name] }])
  return Object.fromEntries(entries) as Operations
}

const LOAD: Workload = {
  waiting: 1_500,
  hours: 2,
  admitPerMinute: 10,
  sessionMinutes: 10,
  joinSeconds: 600,
  logSampling: 0,
  buyShare: 0,
  payBy: 'provider',
  isShopTold: false,
  objects: null,
}

function quantity(meter: Meter, load: Workload, streamsShare: number, operations: Operations): number {
  return (
    billOf('it', load, streamsShare, operations).lines.find((line) => line.meter === meter)?.quantity ?? NaN
  )
}

describe('quantities', () => {
  it('a place is polled every 5 s near the head, every 15 s behind 1,000 and every 30 s behind 10,000', () => {
    const operations = counted({ poll: { workerRequests: 10 } })
    expect(quantity('workerRequests', LOAD, 0, operations)).toBe(1_000 * 1_440 + 500 * 480)
    const long = { ...LOAD, waiting: 12_000 }
    expect(quantity('workerRequests', long, 0, operations)).toBe(1_000 * 1_440 + 9_000 * 480 + 2_000 * 240)
    expect(quantity('workerRequests', LOAD, 1, operations)).toBe(0)
  })

  it('the progress is polled every 5, 10 or 15 s, and the line asked by 20 data centres a second', () => {
    const operations = counted({ pollProgress: { workerRequests: 10, objectRequests: 1 } })
    const long = { ...LOAD, waiting: 12_000 }
    expect(quantity('workerRequests', long, 0, operations)).toBe(1_000 * 1_440 + 9_000 * 720 + 2_000 * 480)
    expect(quantity('objectRequests', long, 0, operations)).toBe(20 * 7_200)
    expect(quantity('objectRequests', LOAD, 1, operations)).toBe(0)
  })

  it('a stream is opened once by each visitor, and again every seven and a half minutes while it waits', () => {
    const operations = counted({ streamOpen: { workerRequests: 10 } })
    expect(quantity('workerRequests', LOAD, 1, operations)).toBe(1_500 + 1_200 + 1_500 * 16)
    expect(quantity('workerRequests', LOAD, 0, operations)).toBe(0)
  })

  it('the line stays as long as it is: whoever goes in is followed by a newcomer', () => {
    const operations = counted({ join: { rowsWritten: 20 } })
    expect(billOf('it', LOAD, 0, operations).visitors).toBe(1_500 + 1_200)
    expect(quantity('rowsWritten', LOAD, 0, operations)).toBe(2 * (1_500 + 1_200))
  })

  it('a shop renews at half a lease, so a session of ten minutes is renewed once and one of five never', () => {
    const operations = counted({ renew: { redisCommands: 110 } })
    expect(quantity('redisCommands', LOAD, 0, operations)).toBe(1_200 * 11)
    expect(quantity('redisCommands', { ...LOAD, sessionMinutes: 5 }, 0, operations)).toBe(0)
  })

  it('the watchdog compares a thousand leases in a call', () => {
    const operations = counted({ cronMinute: { redisCommands: 110 } })
    expect(quantity('redisCommands', LOAD, 0, operations)).toBe(120 * 11)
    const full = { ...LOAD, admitPerMinute: 150 }
    expect(quantity('redisCommands', full, 0, operations)).toBe(120 * 11 * 2)
  })

  it('an object awake is billed for 128 MB, an alarm a second, and the row that sets it', () => {
    const operations = counted({ tick: { alarms: 10, alarmsSet: 10 } })
    expect(quantity('objectGbSeconds', LOAD, 1, operations)).toBeCloseTo(7_200 * 0.128)
    expect(quantity('objectRequests', LOAD, 1, operations)).toBe(7_200)
    expect(quantity('rowsWritten', LOAD, 1, operations)).toBe(7_200)
  })

  it('who buys from the purchase service holds and pays instead of being redeemed and released by the shop', () => {
    const half: Workload = { ...LOAD, buyShare: 0.5, payBy: 'wallet' }
    const operations = counted({
      redeem: { redisCommands: 110 },
      turnover: { redisCommands: 230 },
      hold: { redisCommands: 120 },
      payByWallet: { redisCommands: 240 },
      payByProvider: { redisCommands: 250 },
      charge: { rowsWritten: 110 },
    })
    expect(quantity('redisCommands', half, 1, operations)).toBe(600 * (11 + 23) + 600 * (12 + 24))
    expect(quantity('rowsWritten', half, 1, operations)).toBe(600 * 11)
    const provider: Workload = { ...half, buyShare: 1, payBy: 'provider' }
    expect(quantity('redisCommands', provider, 1, operations)).toBe(1_200 * (12 + 25))
    expect(quantity('rowsWritten', provider, 1, operations)).toBe(0)
  })

  it('a shop that is told costs what telling adds to each release and each sale', () => {
    const operations = counted({
      turnover: { rowsWritten: 150 },
      turnoverTold: { rowsWritten: 220, queueOperations: 30 },
      payByWallet: { rowsWritten: 400 },
      payByWalletTold: { rowsWritten: 550, queueOperations: 60 },
      payByProvider: { rowsWritten: 390 },
    })
    const told: Workload = { ...LOAD, isShopTold: true }
    expect(quantity('queueOperations', LOAD, 1, operations)).toBe(0)
    expect(quantity('queueOperations', told, 1, operations)).toBe(1_200 * 3)
    expect(quantity('rowsWritten', told, 1, operations)).toBe(1_200 * 22)
    const buying: Workload = { ...told, buyShare: 1 }
    expect(quantity('queueOperations', buying, 1, operations)).toBe(1_200 * 6)
    expect(quantity('rowsWritten', buying, 1, operations)).toBe(1_200 * (39 + 15))
  })

  it('selling keeps the office awake, and the wallets where they pay; the line hears once a second', () => {
    const awake = (load: Partial<Workload>): number =>
      quantity('objectGbSeconds', { ...LOAD, ...load }, 1, counted({})) / (7_200 * 0.128)
    expect(awake({})).toBeCloseTo(1)
    expect(awake({ buyShare: 0.1 })).toBeCloseTo(1 + 1)
    expect(awake({ buyShare: 0.1, payBy: 'wallet' })).toBeCloseTo(1 + 17)
    expect(quantity('objectRequests', { ...LOAD, buyShare: 0.1 }, 1, counted({}))).toBe(7_200)
  })

  it('each invocation and each call leaves one log event, as far as they are sampled', () => {
    const operations = counted({ join: { workerRequests: 10, objectRequests: 10 } })
    expect(quantity('logEvents', LOAD, 1, operations)).toBe(0)
    expect(quantity('logEvents', { ...LOAD, logSampling: 0.5 }, 1, operations)).toBe(2_700)
  })
})

describe('objects', () => {
  it('a sale has the shards that its line would ask for: none up to 1,500 streams and 150 joins a second', () => {
    const objects = (load: Partial<Workload>, streamsShare: number) =>
      objectsOf({ ...LOAD, ...load }, streamsShare)
    expect(objects({ waiting: 1_500 }, 1)).toMatchObject({ total: 1, streamShards: 0, awakeSeconds: 7_200 })
    expect(objects({ waiting: 1_501 }, 1)).toMatchObject({ total: 2, streamShards: 1, awakeSeconds: 14_400 })
    expect(objects({ waiting: 4_001 }, 1)).toMatchObject({ total: 5, streamShards: 4 })
    expect(objects({ waiting: 100_000 }, 1)).toMatchObject({ streamShards: 16 })
    expect(objects({ waiting: 90_000 }, 0)).toMatchObject({ total: 1, joinShards: 0 })
    expect(objects({ waiting: 90_001 }, 0)).toMatchObject({ total: 2, joinShards: 1 })
    expect(objects({ waiting: 100_000, objects: 7 }, 1)).toMatchObject({
      total: 7,
      streamShards: 0,
      joinShards: 0,
    })
  })

  it('join shards are in use while those who wait come, and five minutes more', () => {
    const rush = { ...LOAD, waiting: 100_000, joinSeconds: 60 }
    expect(objectsOf(rush, 0)).toMatchObject({ joinShards: 8, awakeSeconds: 7_200 + 8 * 360 })
    expect(objectsOf({ ...rush, hours: 0.05 }, 0)).toMatchObject({ joinShards: 8, awakeSeconds: 9 * 180 })
    expect(quantity('objectRequests', rush, 0, counted({}))).toBe(8 * 4 * 360 + 20 * 7_200)
  })

  it('a stream shard asks its line each second, for each opening and after each admission, and writes nothing', () => {
    const large = { ...LOAD, waiting: 4_000 }
    const openings = 4_000 + 1_200 + 4_000 * 16
    expect(quantity('objectRequests', large, 1, counted({}))).toBe(2 * 7_200 + 1_200 + openings)
    const ticking = counted({ tick: { alarms: 10, alarmsSet: 10 } })
    expect(quantity('rowsWritten', large, 1, ticking)).toBe(7_200)
    expect(quantity('objectGbSeconds', large, 1, ticking)).toBeCloseTo(3 * 7_200 * 0.128)
  })

  it('a bill for more than one event carries says so', () => {
    const operations = counted({ poll: { objectRequests: 10 } })
    expect(billOf('it', LOAD, 0, operations).warnings).toEqual([])
    const large = { ...LOAD, waiting: 100_000 }
    expect(billOf('it', large, 0, operations).warnings.join()).toMatch(/3,820 calls a second/)
    expect(billOf('it', large, 1, operations).warnings.join()).toMatch(
      /100,000 streams: an event has at most 30,000/,
    )
    const rush = { ...LOAD, waiting: 2_000_000, joinSeconds: 100 }
    expect(billOf('it', rush, 1, operations).warnings.join()).toMatch(/20,000 joins a second.* 19,200/)
  })
})

describe('amounts', () => {
  it('a line is quantity times price, a bill the sum of its lines, and of its phases', () => {
    const operations = counted({
      join: { workerRequests: 10, rowsWritten: 20 },
      poll: { workerRequests: 10, objectRequests: 10 },
      redeem: { redisCommands: 110 },
      tick: { alarms: 10, alarmsSet: 10 },
    })
    const bill = billOf('it', LOAD, 0.25, operations)
    for (const { meter, quantity: units, usd, parts } of bill.lines) {
      expect(usd).toBeCloseTo((units * PRICES[meter].usd) / PRICES[meter].per)
      expect(parts.reduce((sum, part) => sum + part.times * part.each, 0)).toBeCloseTo(units)
    }
    expect(bill.usd).toBeCloseTo(bill.lines.reduce((sum, { usd }) => sum + usd, 0))
    expect(bill.usd).toBeCloseTo(Object.values(bill.usdByPhase).reduce((sum, usd) => sum + usd, 0))
  })

  it('what the plan includes is taken off each line by itself, and the plan costs 5 dollars', () => {
    const small = billOf('it', LOAD, 0, counted({ join: { workerRequests: 10 } }))
    expect(small.usdOfMonth).toBe(5)
    const operations = counted({ join: { workerRequests: 100_000_000 } })
    const requests = 10_000_000 * 2_700
    expect(billOf('it', LOAD, 0, operations).usdOfMonth).toBeCloseTo(
      5 + ((requests - 10_000_000) / 1e6) * 0.3,
    )
  })

  it('a million of an operation costs what a million times its counts cost', () => {
    const operations = counted({
      poll: { workerRequests: 10, objectRequests: 10 },
      tick: { alarms: 10, alarmsSet: 10 },
    })
    expect(pricePerMillion(operations).poll).toBeCloseTo(0.45)
    expect(pricePerMillion(operations).tick).toBeCloseTo(1.15)
  })

  it('every price says where it was read', () => {
    for (const meter of METERS) {
      const { source, asOf, evidence } = PRICES[meter]
      expect(source).toMatch(/^https:\/\/(developers\.cloudflare\.com|upstash\.com)\//)
      expect(asOf ?? '2026-01-01').toMatch(/^\d{4}-\d{2}-\d{2}$/)
      expect(evidence).not.toBe('')
    }
  })
})

describe('the counted file', () => {
  const { operations } = readCounted(new URL('../../cost/operations.json', import.meta.url))

  const page = readFileSync(`${ROOT}docs/cost.md`, 'utf8')
  const large = { ...LOAD, waiting: 100_000, hours: 1, admitPerMinute: 1_000 }
  const small = { ...large, waiting: 5_000, admitPerMinute: 100 }
  const cases = [
    ['streams', 1],
    ['polling', 0],
    ['80 % streams', 0.8],
  ] as const
  const amount = (value: number): string => `$${value.toFixed(2)}`

  it.each(cases)('docs/cost.md shows the bills that it makes, %s', (name, share) => {
    for (const load of [large, small]) {
      const { usd, usdOfMonth } = billOf(name, load, share, operations)
      expect(page).toContain(`| ${name} | ${amount(usd)} | ${amount(usdOfMonth)} |`)
    }
  })

  it('docs/cost.md has the price of as many streams as an event may have', () => {
    const [streams = '', mix = ''] = [1, 0.8].map((share) => {
      const { usd, warnings } = billOf('it', { ...large, waiting: 30_000 }, share, operations)
      expect(warnings).toEqual([])
      return amount(usd)
    })
    expect(page).toContain(`${streams} with streams, ${mix} with 80 % streams`)
  })

  it.each([
    ['at the shop, whose server redeems and releases', {}],
    ['here, by wallet', { buyShare: 1, payBy: 'wallet' }],
    ['here, at a payment provider', { buyShare: 1, payBy: 'provider' }],
  ] as const)('docs/cost.md shows what seats cost that are bought %s', (name, how) => {
    const [quiet, told] = [false, true].map((isShopTold) => {
      const load = { ...large, waiting: 30_000, ...how, isShopTold }
      return amount(billOf('it', load, 1, operations).usd)
    })
    expect(page).toContain(`| ${name} | ${quiet} | ${told} |`)
  })

  it('docs/cost.md says what a million sales cost', () => {
    const { redeem, turnover, charge, hold, payByWallet, payByProvider } = pricePerMillion(operations)
    const dollars = (...usd: (number | undefined)[]): string =>
      `$${usd.reduce<number>((sum, one) => sum + (one ?? NaN), 0).toFixed(0)}`
    const byWallet = dollars(charge, hold, payByWallet)
    const atProvider = dollars(hold, payByProvider)
    expect(page.replaceAll(/\s+/g, ' ')).toContain(
      `a million sales are ${byWallet} by wallet with the charge, ${atProvider} at a provider, and ${dollars(redeem, turnover)} at the shop`,
    )
  })

  it('docs/cost.md shows what was counted, to three digits behind the point', () => {
    const columns = [
      'workerRequests',
      'objectRequests',
      'rowsWritten',
      'rowsRead',
      'redisCalls',
      'redisCommands',
    ] as const
    const digits = (value: number): string => String(Math.round(value * 1_000) / 1_000)
    const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
    for (const name of OPERATION_NAMES) {
      const { unit, count } = operations[name]
      const cells = [...columns.map((column) => digits(per(name, column))), whole(per(name, 'bytesOut'))]
      expect(page).toContain(`| ${whole(count)} | ${unit} | ${cells.join(' | ')} |`)
    }
  })

  it('a word to the shop is a message written, read and deleted, and a sale tells two', () => {
    expect(per('turnoverTold', 'queueOperations')).toBe(3)
    expect(per('payByWalletTold', 'queueOperations')).toBe(6)
    expect(per('payByWallet', 'queueOperations')).toBe(0)
  })

  it('a scrape of the metrics asks the registry, the line and the office, and writes nothing', () => {
    expect(per('scrape', 'objectRequests')).toBeCloseTo(3, 0)
    expect(per('scrape', 'rowsWritten')).toBe(0)
  })

  it.each(cases)('docs/cost.md shows what they are with a log event for each call, %s', (name, share) => {
    const { lines, usd, usdOfMonth } = billOf(name, { ...large, logSampling: 1 }, share, operations)
    const logs = lines.find(({ meter }) => meter === 'logEvents')?.usd ?? NaN
    const amounts = [usd - logs, logs, usd, usdOfMonth].map(amount)
    expect(page).toContain(`| ${name} | ${amounts.join(' | ')} |`)
  })

  const per = (name: OperationName, what: keyof Omit<Operation, 'unit'>): number =>
    operations[name][what] / operations[name].count

  it('a join is one request, one call, and one row with its index', () => {
    expect(per('join', 'workerRequests')).toBe(1)
    expect(per('join', 'objectRequests')).toBe(1)
    expect(per('join', 'rowsWritten')).toBe(2)
    expect(per('join', 'redisCalls')).toBe(0)
  })

  it('what is over is deleted, row by row', () => {
    expect(per('forgetLeft', 'rowsWritten')).toBeCloseTo(1)
    expect(per('forgetAdmitted', 'rowsWritten')).toBeCloseTo(2)
  })

  it('a poll and a stream write nothing and ask Redis nothing', () => {
    for (const name of ['poll', 'pollStatus', 'pollProgress', 'streamOpen', 'streamSecondQuiet'] as const) {
      expect(per(name, 'rowsWritten')).toBe(0)
      expect(per(name, 'redisCalls')).toBe(0)
    }
  })

  it('five hundred polls of the progress are one call, as are those of any other second', () => {
    expect(operations.pollProgress.workerRequests).toBe(500)
    expect(operations.pollProgress.objectRequests).toBeLessThanOrEqual(2)
  })

  it('a thousand are admitted by one script call, and a released slot is offered in the request that gives it back', () => {
    expect(operations.admitOneBatch.redisCalls).toBe(1)
    expect(per('turnover', 'redisCalls')).toBeCloseTo(2)
    expect(per('turnover', 'redisRequests')).toBeCloseTo(1)
  })
})

describe('the command line', () => {
  it('reads its flags, and has defaults for all of them', () => {
    const parsed = parseOptions([], 1)
    expect(parsed.ok && parsed.value.load.waiting).toBe(100_000)
    expect(parsed.ok && parsed.value.load).toMatchObject({ buyShare: 0, isShopTold: false })
    const selling = parseOptions(['--buy', '0.9', '--pay-by', 'wallet', '--webhooks'], 1)
    expect(selling.ok && selling.value.load).toMatchObject({
      buyShare: 0.9,
      payBy: 'wallet',
      isShopTold: true,
    })
    const given = parseOptions(
      ['--waiting', '7', '--hours', '0.5', '--objects', '3', '--log-sampling', '0.1'],
      1,
    )
    expect(given.ok && given.value.load).toMatchObject({
      waiting: 7,
      hours: 0.5,
      objects: 3,
      logSampling: 0.1,
    })
  })

  it.each([
    [['--waiting', '0'], '--waiting'],
    [['--waiting', 'many'], '--waiting'],
    [['--hours', '0'], '--hours'],
    [['--hours', '1e9'], '--hours'],
    [['--admit-per-minute', '1.5'], '--admit-per-minute'],
    [['--session-minutes', '-1'], '--session-minutes'],
    [['--join-seconds', '0'], '--join-seconds'],
    [['--streams-share', '1.1'], '--streams-share'],
    [['--buy', '2'], '--buy'],
    [['--pay-by', 'cash'], '--pay-by'],
    [['--log-sampling', '2'], '--log-sampling'],
    [['--objects', '0'], '--objects'],
    [['--nonsense'], '--nonsense'],
    [['stray'], 'stray'],
  ])('%j is refused by name', (argv, name) => {
    const parsed = parseOptions(argv, 1)
    expect(parsed.ok ? '' : parsed.error).toContain(name)
  })

  it('a bad flag ends with 2 and the usage, a good one with the bill as text or JSON', () => {
    const run = (...argv: string[]) =>
      spawnSync(process.execPath, ['cost/run.ts', ...argv], { cwd: ROOT, encoding: 'utf8' })
    const bad = run('--waiting', 'x')
    expect([bad.status, bad.stdout]).toEqual([2, ''])
    expect(bad.stderr).toContain('npm run cost')
    expect(run('--waiting', '1000').stdout).toContain('Side by side')
    const { bills } = JSON.parse(run('--json').stdout) as { bills: { usd: number }[] }
    expect(bills).toHaveLength(3)
  })

  it('logs are sampled as wrangler.toml says', () => {
    expect(logSamplingOf('[observability]\nenabled = true\n')).toBe(1)
    expect(logSamplingOf('[observability]\nenabled = true\nhead_sampling_rate = 0.01\n[vars]\n')).toBe(0.01)
    expect(logSamplingOf('[observability]\nenabled = false\n')).toBe(0)
    expect(logSamplingOf('name = "usher"\n')).toBe(0)
    const without = '[observability]\nenabled = true\n\n[observability.logs]\ninvocation_logs = false\n'
    expect(logSamplingOf(without)).toBe(0)
    expect(logSamplingOf(readFileSync(`${ROOT}wrangler.toml`, 'utf8'))).toBe(0)
  })
})
