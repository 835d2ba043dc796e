/** The rush that every strategy has to stand: a thousand coupons, five thousand visitors who try three times. */
import { expect } from 'vitest'
import { violationsOf, type Books, type Told } from './books.ts'
import { DropsApi, type Strategy } from './drops-api.ts'
import { claimantsOf, mineOf, rush, type Claimant, type Rush, type Trouble } from './rush.ts'
import { eventually, startTestUsher, type TestUsher } from '../usher.ts'

const STOCK = 1_000
const CLAIMANTS = 5_000
const TRIES = 3
const WIDTH = 200
/** Everything that was taken is recorded by then, whatever happened before. */
const RECORDED_WITHIN_MS = 30_000

/** Early ones: the stock is gone after a fifteenth of all tries. */
const ANSWERS_BEFORE_TROUBLE = [100, 350, 700, 2_500] as const

export type CouponRush = {
  readonly strategy: Strategy
  readonly seed: number
  readonly lost: Books['lost']
  readonly troubles?: readonly Trouble[]
}

/** Opens a drop, lets the crowd in, and compares all books. Answers what the clients met with. */
export async function rushForCoupons(usher: TestUsher, plan: CouponRush): Promise<Rush> {
  const { strategy, seed, lost, troubles = [] } = plan
  const drops = new DropsApi(usher.api)
  const dropId = `coupons-${strategy}-${seed}`
  const codes = Array.from({ length: STOCK }, (_, index) => `C${seed}-${index}`)
  await drops.create(dropId, { stock: STOCK, codes, strategy })
  const claimants = await claimantsOf(usher, CLAIMANTS)
  const rushed = await rush(usher.url, { dropId, claimants, tries: TRIES, width: WIDTH, seed, troubles })
  const told = lost === 'pending' ? await untilGone(usher, dropId, claimants, rushed) : rushed.told
  const { body: reconciled } = await eventually(async () => {
    const answer = await drops.reconciliation(dropId)
    return answer.status === 200 && answer.body.issued === STOCK && answer.body.consistent ? answer : null
  }, RECORDED_WITHIN_MS)
  const rows = (await drops.export(dropId)).map(({ userId = '', code = '' }) => ({ userId, code }))
  const winners = claimants.filter(({ userId }) => told.get(userId)?.some(({ status }) => status < 400))
  const mine = await mineOf(usher.url, dropId, winners)
  const books = { stock: STOCK, codes: new Set(codes), told, mine, rows, reconciled, lost }
  expect(violationsOf(books)).toEqual([])
  expect((await drops.drop(dropId)).body).toMatchObject({ status: 'sold_out', remaining: 0 })
  return rushed
}

/** Who was told sold-out tries again while something is left: what the store has lost is free again. */
async function untilGone(
  usher: TestUsher,
  dropId: string,
  claimants: readonly Claimant[],
  { told }: Rush,
): Promise<Map<string, readonly Told[]>> {
  const drops = new DropsApi(usher.api)
  const all = new Map(told)
  for (let round = 1; ; round += 1) {
    const { remaining } = (await drops.drop(dropId)).body as { remaining: number }
    if (remaining === 0) return all
    if (round > 20) throw new Error(`${remaining} coupons are left, and nobody gets them`)
    const mine = await mineOf(usher.url, dropId, claimants)
    const without = claimants.filter(({ userId }) => mine.get(userId)?.status !== 200).slice(0, remaining)
    const again = await rush(usher.url, { dropId, claimants: without, tries: 1, width: 32, seed: round })
    for (const [userId, answers] of again.told) all.set(userId, [...(all.get(userId) ?? []), ...answers])
  }
}

/** The same trouble several times. */
export function again(strike: () => Promise<void>): Trouble[] {
  return ANSWERS_BEFORE_TROUBLE.map((afterAnswers) => ({ afterAnswers, strike }))
}

/** Kills the runtime, which is started again by itself. */
export async function killRuntime({ runtime }: TestUsher): Promise<void> {
  const pid = runtime.workerdPid()
  if (pid !== null) process.kill(pid, 'SIGKILL')
}

/** Starts an Usher for one test. */
export async function withUsher(
  project: Parameters<typeof startTestUsher>[2],
  work: (usher: TestUsher) => Promise<void>,
  bindings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const usher = await startTestUsher(bindings, undefined, project)
  try {
    await work(usher)
  } finally {
    await usher.stop()
  }
}
