/** INV-10 on the real runtime: many more buyers than seats, all at once; the same while it is killed; and without the guard. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROJECT_ROOT } from '../../../dev/settings.ts'
import { PRICE, richVisitors, rush, violationsOf, type Attempt, type Outcome } from '../../support/rush.ts'
import { ShopApi, type Buyer } from '../../support/shop.ts'
import { eventually, pause, startTestUsher, type TestUsher, type Visitor } from '../../support/usher.ts'

const SEATS = 40
const ROWS = 4
const BUYERS = 500
const MONEY = 100_000
const ROUNDS = 10
/**
 * A refusal waits for those before it in the queues of the machine, and for nothing else: so many times as long as the
 * last of as many requests that only ask who calls. A hold makes two calls to objects more, of which one writes.
 */
const REFUSED_WITHIN_RATIO = 12

type Crowd = { readonly shop: ShopApi; readonly visitors: readonly Visitor[] }

async function crowdAt(usher: TestUsher, count: number): Promise<Crowd> {
  const shop = new ShopApi(usher.api)
  return { shop, visitors: await richVisitors(usher.api, shop, count, MONEY) }
}

/** A hall, and everybody inside. */
async function openHall(
  usher: TestUsher,
  { shop, visitors }: Crowd,
): Promise<{ eventId: string; buyers: Buyer[] }> {
  const eventId = await usher.api.event({ capacity: visitors.length })
  await shop.plan(eventId, [{ name: 'A', rows: ROWS, seatsPerRow: SEATS / ROWS, price: PRICE }])
  return { eventId, buyers: await shop.enterAll(eventId, visitors) }
}

function seatId(index: number): string {
  const perRow = SEATS / ROWS
  return `A-${Math.floor(index / perRow) + 1}-${(index % perRow) + 1}`
}

/** Every seat is wanted by a dozen; in odd rounds in pairs that overlap, so that all-or-nothing matters. */
function wishes(buyers: readonly Buyer[], round: number): { buyer: Buyer; body: unknown }[] {
  return buyers.map((buyer, index) => {
    const first = seatId(index % SEATS)
    const second = seatId((index + 1) % SEATS)
    return { buyer, body: { seatIds: round % 2 === 0 ? [first] : [first, second] } }
  })
}

/** Milliseconds until the last of them is answered, all asked at once. */
async function slowestOf(asks: readonly (() => Promise<unknown>)[]): Promise<number> {
  const startMs = performance.now()
  await Promise.all(asks.map((ask) => ask()))
  return performance.now() - startMs
}

async function freeSeats(shop: ShopApi, eventId: string): Promise<number> {
  const { seats } = (await shop.seats(eventId)).body as { seats: { state: string }[] }
  return seats.filter(({ state }) => state === 'free').length
}

/** Whoever has nothing yet takes what is left, until nothing is. */
async function takeTheRest(
  { shop }: Crowd,
  eventId: string,
  outcomes: readonly Outcome[],
): Promise<Outcome[]> {
  const losers = outcomes.filter(({ bought }) => bought.length === 0).map(({ buyer }) => buyer)
  const rest = losers.slice(0, await freeSeats(shop, eventId))
  return rush(
    shop,
    eventId,
    rest.map((buyer) => ({ buyer, body: { section: 'A', count: 1 } })),
  )
}

describe('500 buyers for 40 seats', () => {
  let usher: TestUsher
  let crowd: Crowd

  beforeAll(async () => {
    usher = await startTestUsher()
    crowd = await crowdAt(usher, BUYERS)
  })

  afterAll(() => usher.stop())

  it.each(Array.from({ length: ROUNDS }, (_, round) => round))(
    'INV-10: round %i: 40 are sold, each once, the books balance, and every loser is told at once',
    async (round) => {
      const { shop } = crowd
      const { eventId, buyers } = await openHall(usher, crowd)
      const salesBefore = (await shop.ledger()).body.sales as number
      const first = await rush(shop, eventId, wishes(buyers, round))
      const outcomes = [...first, ...(await takeTheRest(crowd, eventId, first))]
      expect(await violationsOf(shop, eventId, outcomes, { salesBefore, charged: BUYERS * MONEY })).toEqual(
        [],
      )
      expect(outcomes.flatMap(({ bought }) => bought)).toHaveLength(SEATS)
      const refusals = first.flatMap(({ refusedMs }) => refusedMs)
      expect(refusals.length).toBeGreaterThanOrEqual(BUYERS - SEATS)
      const atRest = await slowestOf(buyers.map((buyer) => () => shop.balance(buyer)))
      expect(Math.max(...refusals)).toBeLessThan(REFUSED_WITHIN_RATIO * atRest)
    },
  )
})

it('INV-10: with the runtime killed again and again in the middle, nothing is sold twice and no money is lost', async () => {
  const count = 200
  // Who loses the answer to a hold loses the seat until the hold ends.
  const usher = await startTestUsher({ PURCHASE_HOLD_SECONDS: '3' })
  try {
    const crowd = await crowdAt(usher, count)
    const { shop } = crowd
    const { eventId, buyers } = await openHall(usher, crowd)
    const rushing = { isOver: false, kills: 0 }
    const killer = (async () => {
      while (!rushing.isOver && rushing.kills < 8) {
        await pause(40 + 60 * rushing.kills)
        const pid = usher.runtime.workerdPid()
        if (pid === null) continue
        process.kill(pid, 'SIGKILL')
        rushing.kills += 1
      }
    })()
    const settled = new Map<string, Outcome>()
    // Everybody wants one seat after the other, and asks again whatever happens to the answer.
    await Promise.all(
      buyers.map(async (buyer, index) => {
        for (let tries = 0; tries < 3 && !settled.has(buyer.userId); tries += 1) {
          const body = { seatIds: [seatId((index + 7 * tries) % SEATS)] }
          const [outcome] = await rush(shop, eventId, [{ buyer, body }], untilAnswered)
          if (outcome !== undefined && outcome.bought.length > 0) settled.set(buyer.userId, outcome)
        }
      }),
    )
    rushing.isOver = true
    await killer
    expect(rushing.kills).toBeGreaterThan(2)
    const outcomes = [...settled.values()]
    expect(outcomes.length).toBeGreaterThan(0)
    // What was cut off comes to its end by itself: no seat is held, and nothing is owed.
    await eventually(async () => {
      const { seats } = (await shop.seats(eventId)).body as { seats: { state: string }[] }
      return seats.some(({ state }) => state === 'held') ? null : true
    }, 30_000)
    expect(await violationsOf(shop, eventId, outcomes, { salesBefore: 0, charged: count * MONEY })).toEqual(
      [],
    )
    // Every buyer has paid for exactly what is theirs.
    for (const { buyer, bought } of outcomes) {
      expect(MONEY - (await shop.balance(buyer))).toBe(bought.length * PRICE)
    }
    // The line hears of every sale, though the one that was to tell it died.
    await eventually(async () => {
      const states = await Promise.all(
        outcomes.map(async ({ buyer }) => (await usher.api.place(eventId, buyer)).body.state),
      )
      return states.every((state) => state === 'COMPLETED') ? true : null
    }, 30_000)
  } finally {
    await usher.stop()
  }
}, 180_000)

/** Repeats what was not answered, or with a 5xx. Null: with a key that is taken by a request that has died. */
const untilAnswered: Attempt = async (ask) => {
  for (;;) {
    try {
      const answer = await ask()
      if (answer.body?.code === 'request-in-progress') return null
      // The admission of a payment that went through before its answer was lost is over; so is the reservation's 404.
      if (answer.status < 500) return answer
    } catch {
      // The runtime was killed under the request.
    }
    await pause(50)
  }
}

describe('a control: the same rush when whoever holds waits between looking and taking', () => {
  let root: string
  let usher: TestUsher

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'usher-unguarded-'))
    for (const part of ['src', 'dev', 'lua', 'migrations', 'public', 'wrangler.toml', 'package.json']) {
      cpSync(join(PROJECT_ROOT, part), join(root, part), { recursive: true })
    }
    symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(root, 'node_modules'))
    const engine = join(root, 'src/purchase/objects/office-engine.ts')
    const guarded = readFileSync(engine, 'utf8')
    const unguarded = guarded.replace('    book.save([...held.changes,', '    await scheduler.wait(5)\n$&')
    expect(unguarded).not.toBe(guarded)
    writeFileSync(engine, unguarded)
    usher = await startTestUsher({}, undefined, { root, bundleDir: join(root, 'bundle') })
  })

  afterAll(async () => {
    await usher.stop()
    rmSync(root, { recursive: true, force: true })
  })

  it('sells seats twice, so the rounds above would have seen it', async () => {
    const count = 120
    const crowd = await crowdAt(usher, count)
    const { eventId, buyers } = await openHall(usher, crowd)
    const outcomes = await rush(crowd.shop, eventId, wishes(buyers, 0))
    const found = await violationsOf(crowd.shop, eventId, outcomes, {
      salesBefore: 0,
      charged: count * MONEY,
    })
    expect(found.join('; ')).toContain('sold twice')
  })
})
