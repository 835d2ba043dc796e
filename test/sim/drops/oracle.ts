/** INV-11, looked for in the rows and the records after everything that happens, and in all books at the end. */
import type { DropEngine } from '../../../src/drops/objects/drop-engine.ts'
import type { Claimant } from './claimant.ts'
import type { SimRecords } from './records.ts'
import type { Stage } from './stage.ts'
import { codesOf, planOf } from './truth.ts'
import type { DropWorld } from './world.ts'

export type Scene = {
  readonly world: DropWorld
  readonly stage: Stage
  readonly records: SimRecords
  readonly claimants: readonly Claimant[]
}

/** After every step: never more than the stock, never twice, and what was told is so. */
export function check(scene: Scene): void {
  const { world, stage, records, claimants } = scene
  const { drop } = stage
  const plan = planOf(drop)
  if (plan === null) return
  const violated = (message: string): void => world.violated('INV-11', message)
  const codes = codesOf(drop)
  const claims = stage.issued()
  if (claims.length > plan.stock) violated(`${claims.length} of ${plan.stock} are issued`)
  if (codes.size !== plan.stock) violated(`a stock of ${plan.stock} has ${codes.size} codes`)
  if (new Set(claims.map(({ code }) => code)).size < claims.length) violated('a code was issued twice')
  const recorded = [...records.rows.values()]
  if (recorded.length > plan.stock) violated(`${recorded.length} of ${plan.stock} are recorded`)
  const foreign = recorded.find(({ code }) => !codes.has(code))
  if (foreign !== undefined) violated(`${foreign.code} is recorded, and is none of the drop's`)
  const issued = new Map(claims.map(({ userId, code }) => [userId, code]))
  for (const { userId, code } of recorded) {
    if (issued.get(userId) !== code)
      violated(`${userId} has ${issued.get(userId)}, and ${code} in the records`)
  }
  for (const { userId, code } of claimants) {
    if (code !== null && issued.get(userId) !== code)
      violated(`${userId} was told ${code}, and has ${issued.get(userId)}`)
  }
}

/** While single records cannot be written: those alone are set aside, and everything else is recorded. */
export async function checkPoison({ world, records }: Scene, engine: DropEngine): Promise<void> {
  const found = await engine.detail()
  if (!found.ok) {
    world.violated('listener', `nobody knows what has failed: ${JSON.stringify(found)}`)
    return
  }
  const { pending, failed } = found.value.counts
  // What has failed stays so until an operator has it tried again, though nothing is wrong with it any more.
  if (pending !== failed || failed > records.wasPoison.size)
    world.violated(
      'listener',
      `${records.wasPoison.size} were poison, ${pending} wait, ${failed} have failed`,
    )
}

/** Once all faults are over, everything is repaired, and everybody has asked once more. */
export async function checkSettled(scene: Scene): Promise<void> {
  const { world, stage, records, claimants } = scene
  const { drop } = stage
  check(scene)
  const { stock = 0, epoch = 0 } = planOf(drop) ?? {}
  const claims = stage.issued()
  const wanted = Math.min(stock, claimants.length)
  if (claims.length !== wanted) world.violated('progress', `${claims.length} of ${wanted} are issued`)
  const unrecorded = claims.filter(({ userId }) => !records.rows.has(userId))
  if (unrecorded.length > 0)
    world.violated('progress', `never recorded: ${unrecorded.map(({ userId }) => userId).join(' ')}`)
  const untold = claims.filter(
    ({ userId }) => !claimants.some((one) => one.userId === userId && one.code !== null),
  )
  if (untold.length > 0)
    world.violated('progress', `never told: ${untold.map(({ userId }) => userId).join(' ')}`)
  const reconciled = await drop.ask('the end', (engine) => engine.reconcile(false))
  const expected = {
    stock,
    issued: wanted,
    pending: 0,
    failed: 0,
    remaining: stock - wanted,
    consistent: true,
  }
  for (const [name, value] of Object.entries(expected)) {
    if (!reconciled.ok || Reflect.get(reconciled.value, name) !== value)
      world.violated('INV-11', `${name} is not ${value}: ${JSON.stringify(reconciled)}`)
  }
  const status = wanted < stock ? 'open' : 'sold_out'
  const [news] = drop.feed.since(0)
  if (news?.status !== status || news.epoch !== epoch)
    world.violated('progress', `the line knows ${JSON.stringify(news)}`)
}
