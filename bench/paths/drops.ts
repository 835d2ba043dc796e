/**
 * Claims of a drop, by each strategy, beside the call of an object that inserts one row and does nothing else, and beside
 * each other; and refusals once everything is gone, beside a route that does nothing.
 *
 * Closed loop: so many clients, each one request after the other, as fast as they are answered. Every claim is of another
 * visitor and takes a coupon; what it costs counts until the last is recorded.
 */
import { join } from 'node:path'
import { mkdirSync } from 'node:fs'
import { countClaims, type ClaimNeeds } from '../../cost/claims.ts'
import { startCountedUsher } from '../../cost/counted-usher.ts'
import { CouponShop, joined, STRATEGIES, type Run, type Side, type Strategy } from '../drops/coupon-shop.ts'
import { claimRows, costRows, flatnessRows, refusalRows, type Refusals, type Runs } from '../drops/rows.ts'
import type { Row } from '../row.ts'
import { withSubjects, type BenchPath, type World } from '../world.ts'

const FEW = 1_000
const MANY = 100_000
/** A drop of a thousand is over in half a second; so many of them make a round. */
const DROPS_OF_A_ROUND = 3
const WARM_UP = 1_000
/** Those who are refused try again and again; no more than an isolate remembers tokens of. */
const LOSERS = 1_000

export const dropsPath: BenchPath = { name: 'drops', run: (world) => run(world) }

async function run(world: World): Promise<Row[]> {
  const measured = await withSubjects(world, ['usher', 'floor'], async (usher, floor) => {
    if (usher === undefined || floor === undefined) throw new Error('nothing was started')
    const shop = new CouponShop(usher, floor, world)
    const strategies = await available(world, shop)
    const sides: readonly Side[] = ['insert', ...strategies]
    for (const side of sides) await shop.measure(side, WARM_UP)
    const few = await rounds(world, shop, sides)
    const refusals = await refusalRounds(world, shop, strategies)
    const many = world.options.quick ? null : await once(world, shop, sides)
    await world.profiles.take('drops', usher, () => shop.measure('object', WARM_UP))
    return { strategies, few, refusals, many }
  })
  const { strategies, few, refusals, many } = measured
  return [
    ...claimRows(FEW, few),
    ...refusalRows(refusals),
    ...(many === null ? [] : [...claimRows(MANY, many), ...flatnessRows(many)]),
    ...costRows(few, await needsOfAll(world, strategies)),
  ]
}

/** Those that this machine has; PostgreSQL may be missing. */
async function available({ say }: World, shop: CouponShop): Promise<Strategy[]> {
  const found: Strategy[] = []
  for (const strategy of STRATEGIES) {
    const missing = await shop.missing(strategy)
    if (missing === null) found.push(strategy)
    else say(`drops: ${strategy} is left out: ${missing}`)
  }
  return found
}

/** Every side in each round. */
async function rounds({ options, say }: World, shop: CouponShop, sides: readonly Side[]): Promise<Runs> {
  const found = new Map<Side, Run[]>(sides.map((side) => [side, []]))
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const side of inTurn(sides, round)) {
      const parts: Run[] = []
      for (let drop = 0; drop < DROPS_OF_A_ROUND; drop += 1) parts.push(await shop.measure(side, FEW))
      found.get(side)?.push(joined(parts))
    }
    const rates = sides.map((side) => `${side} ${found.get(side)?.at(-1)?.perSecond.toFixed(0)}`)
    say(`drops: ${FEW} coupons, round ${round} of ${options.rounds}: ${rates.join(', ')} a second`)
  }
  return found
}

async function refusalRounds(
  { options, say }: World,
  shop: CouponShop,
  strategies: readonly Strategy[],
): Promise<Refusals> {
  const sides = ['no-op', ...strategies] as const
  const found = new Map<(typeof sides)[number], number[]>(sides.map((side) => [side, []]))
  const losers = await shop.guests(LOSERS)
  // The first round is not counted: it is the one in which the losers become known.
  for (let round = 0; round <= options.rounds; round += 1) {
    const rates: string[] = []
    for (const side of inTurn(sides, round)) {
      const rate = side === 'no-op' ? await shop.noOp() : await shop.refuse(side, losers)
      if (round > 0) found.get(side)?.push(rate)
      rates.push(`${side} ${rate.toFixed(0)}`)
    }
    say(`drops: refusals, round ${round}: ${rates.join(', ')} a second`)
  }
  const rates = (side: (typeof sides)[number]): readonly number[] => found.get(side) ?? []
  return { noOp: rates('no-op'), of: new Map(strategies.map((strategy) => [strategy, rates(strategy)])) }
}

/** Another one first each time. */
function inTurn<T>(sides: readonly T[], round: number): readonly T[] {
  const turn = round % sides.length
  return [...sides.slice(turn), ...sides.slice(0, turn)]
}

/** Once: each takes the better part of a minute. */
async function once({ say }: World, shop: CouponShop, sides: readonly Side[]): Promise<Runs> {
  const found = new Map<Side, readonly Run[]>()
  for (const side of sides) {
    const measured = await shop.measure(side, MANY)
    found.set(side, [measured])
    say(`drops: ${MANY} coupons: ${side} ${measured.perSecond.toFixed(0)} a second`)
  }
  return found
}

/** In a runtime of its own, since counting takes time. */
async function needsOfAll(
  { subjects, backend, say }: World,
  strategies: readonly Strategy[],
): Promise<Map<Strategy, ClaimNeeds>> {
  const stateDir = join(subjects.directory, 'counted')
  mkdirSync(stateDir, { recursive: true })
  const usher = await startCountedUsher(stateDir, { DATABASE_URL: backend.postgres?.url })
  const found = new Map<Strategy, ClaimNeeds>()
  try {
    for (const strategy of strategies) {
      found.set(strategy, await countClaims(usher, strategy))
      say(`drops: counted what a claim of ${strategy} needs`)
    }
  } finally {
    await usher.stop()
  }
  return found
}
