/** One seed, one sale, one verdict: faults and promises first, then calm, and the books. */
import { log, type Log } from '../../../src/observability/log.ts'
import type { PostCall } from '../../../src/purchase/ports.ts'
import type { Violation } from '../invariants.ts'
import { Buyer, SECTION } from './buyers.ts'
import { SimLine } from './line.ts'
import { SimOffice } from './office.ts'
import { check, checkFigures, checkSettled } from './oracle.ts'
import { SimProvider } from './provider.ts'
import { SimShop } from './shop.ts'
import { SimWallet } from './wallet.ts'
import { PurchaseWorld, type PurchaseOptions } from './world.ts'

export type PurchaseVerdict = {
  readonly seed: number
  readonly violation: Violation | null
  readonly events: number
  readonly sold: number
}

/** After so long without faults every hold has ended and everything owed has been done. */
const SETTLED_MS = 10 * 60_000

export async function simulatePurchase(options: PurchaseOptions): Promise<PurchaseVerdict> {
  const world = new PurchaseWorld(options)
  const wallet = new SimWallet(world)
  const line = new SimLine(world)
  const provider = new SimProvider(world)
  const outside = {
    post: (call: PostCall) => wallet.post(call),
    complete: (admissionId: string) => line.complete(admissionId),
  }
  const shop = new SimShop(world)
  const office = new SimOffice(world, outside, provider, shop)
  shop.hear = (receipts) => office.ask('a receipt', (engine) => engine.webhooksHeard(receipts))
  provider.tell = (...news) => office.ask('a webhook', (engine) => engine.provider.hearProvider(...news))
  const buyers = Array.from(
    { length: options.visitors },
    (_, index) => new Buyer(`b${index}`, { world, office, wallet, line, provider }),
  )
  const scene = { world, office, wallet, line, provider, shop, buyers }
  const restoreLog = silence()
  const uninstall = options.mutant?.install?.() ?? (() => {})
  const each = () => {
    if (!office.isTouched || world.violation !== null) return
    office.isTouched = false
    check(scene)
  }
  try {
    world.isFaulty = false
    void office.ask('the operator plans', (engine) => engine.plan([SECTION]))
    await world.scheduler.run(1_000, each)
    world.isFaulty = true
    for (let step = 0; step < options.steps && world.violation === null; step += 1) {
      // From the first look on an object keeps its figures by what it writes.
      await checkFigures(scene)
      for (let acts = world.random.between(1, 3); acts > 0; acts -= 1) world.random.pick(buyers).act()
      if (world.random.chance(0.02)) office.crash()
      if (world.random.chance(0.01)) wallet.crash()
      await world.scheduler.run(pauseMs(world), each)
    }
    world.isFaulty = false
    await world.scheduler.run(SETTLED_MS, each)
    await resolveStuck(office, provider)
    await world.scheduler.run(SETTLED_MS, each)
    checkSettled(scene)
    await checkFigures(scene)
  } catch (error) {
    world.violated('defect', error instanceof Error ? (error.stack ?? error.message) : String(error))
  } finally {
    restoreLog()
    uninstall()
    office.close()
    wallet.close()
  }
  const sold = buyers.flatMap(({ promised }) => promised.filter(({ isPaid }) => isPaid)).length
  return { seed: options.seed, violation: world.violation, events: world.scheduler.events, sold }
}

/** What nobody could tell in time, an operator looks up at the provider. */
async function resolveStuck(office: SimOffice, provider: SimProvider): Promise<void> {
  for (const { paymentId } of office.rows.paymentsIn('stuck', 1_000)) {
    const as = provider.kindOf(paymentId) === 'paid' ? 'paid' : 'failed'
    void office.ask('an operator', (engine) => engine.provider.resolvePayment(paymentId, as))
  }
}

/** Often hardly any time between two things, sometimes long enough for a hold to end. */
function pauseMs({ random }: PurchaseWorld): number {
  const roll = random.next()
  if (roll < 0.6) return random.between(0, 50)
  if (roll < 0.95) return random.between(50, 2_000)
  return random.between(2_000, 25_000)
}

/** An office reports every call that fails here, and they fail on purpose. */
function silence(): () => void {
  const before = { ...log }
  const silent: Log = { info: () => {}, warn: () => {}, error: () => {} }
  Object.assign(log, silent)
  return () => Object.assign(log, before)
}
