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
const SIDES: readonly Side[] = ['insert', ...STRATEGIES]

export const dropsPath: BenchPath = { name: 'drops', run: (world) => run(world) }

async function run(world: World): Promise<Row[]> {
  const measured = await withSubjects(world, ['usher', 'floor'], async (usher, floor) => {
    if (usher === undefined || floor === undefined) throw new Error('nothing was started')
    const shop = new CouponShop(usher, floor, world)
    for (const side of SIDES) await shop.measure(side, WARM_UP)
    const few = await rounds(world, shop)
    const refusals = await refusalRounds(world, shop)
    const many = world.options.quick ? null : await once(world, shop)
    await world.profiles.take('drops', usher, () => shop.measure('object', WARM_UP))
    return { few, refusals, many }
  })
  const { few, refusals, many } = measured
  return [
    ...claimRows(FEW, few),
    ...refusalRows(refusals),
    ...(many === null ? [] : [...claimRows(MANY, many), ...flatnessRows(many)]),
    ...costRows(few, await needsOfAll(world)),
  ]
}

/** Every side in each round, and another one first each time. */
async function rounds({ options, say }: World, shop: CouponShop): Promise<Runs> {
  const found = new Map<Side, Run[]>(SIDES.map((side) => [side, []]))
  for (let round = 1; round <= options.rounds; round += 1) {
    const turn = round % SIDES.length
    for (const side of [...SIDES.slice(turn), ...SIDES.slice(0, turn)]) {
      const parts: Run[] = []
      for (let drop = 0; drop < DROPS_OF_A_ROUND; drop += 1) parts.push(await shop.measure(side, FEW))
      found.get(side)?.push(joined(parts))
    }
    const rates = SIDES.map((side) => `${side} ${found.get(side)?.at(-1)?.perSecond.toFixed(0)}`)
    say(`drops: ${FEW} coupons, round ${round} of ${options.rounds}: ${rates.join(', ')} a second`)
  }
  return found
}

async function refusalRounds({ options, say }: World, shop: CouponShop): Promise<Refusals> {
  const noOp: number[] = []
  const of = new Map<Strategy, number[]>(STRATEGIES.map((strategy) => [strategy, []]))
  const losers = await shop.guests(LOSERS)
  for (let round = 1; round <= options.rounds; round += 1) {
    noOp.push(await shop.noOp())
    for (const strategy of STRATEGIES) of.get(strategy)?.push(await shop.refuse(strategy, losers))
    const rates = STRATEGIES.map((strategy) => `${strategy} ${of.get(strategy)?.at(-1)?.toFixed(0)}`)
    say(`drops: refusals, round ${round}: no-op ${noOp.at(-1)?.toFixed(0)}, ${rates.join(', ')} a second`)
  }
  return { noOp, of }
}

/** Once: each takes the better part of a minute. */
async function once({ say }: World, shop: CouponShop): Promise<Runs> {
  const found = new Map<Side, readonly Run[]>()
  for (const side of SIDES) {
    const measured = await shop.measure(side, MANY)
    found.set(side, [measured])
    say(`drops: ${MANY} coupons: ${side} ${measured.perSecond.toFixed(0)} a second`)
  }
  return found
}

/** In a runtime of its own, since counting takes time. */
async function needsOfAll({ subjects, say }: World): Promise<Map<Strategy, ClaimNeeds>> {
  const stateDir = join(subjects.directory, 'counted')
  mkdirSync(stateDir, { recursive: true })
  const usher = await startCountedUsher(stateDir)
  const found = new Map<Strategy, ClaimNeeds>()
  try {
    for (const strategy of STRATEGIES) {
      found.set(strategy, await countClaims(usher, strategy))
      say(`drops: counted what a claim of ${strategy} needs`)
    }
  } finally {
    await usher.stop()
  }
  return found
}
