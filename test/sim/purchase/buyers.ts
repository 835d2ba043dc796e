/** Who buys: clients that ask, are lost, ask again, and remember what they were told. */
import type { OperationName } from '../../../src/ports/idempotency.ts'
import type { Reservation } from '../../../src/purchase/ports.ts'
import type { SimLine } from './line.ts'
import { PAYMENT_MS, type SimOffice } from './office.ts'
import type { SimProvider } from './provider.ts'
import type { SimWallet } from './wallet.ts'
import type { PurchaseWorld } from './world.ts'

export const HOLD_MS = 20_000
export const SECTION = { name: 'A', rows: 2, seatsPerRow: 4, price: 100 } as const
const TRIES_MAX = 4

/** The same call, doubled on its way, has not come to its end yet. */
function isInProgress(answer: unknown): boolean {
  const { error } = (answer ?? {}) as { error?: { reason?: string } }
  return error?.reason === 'request-in-progress'
}

/** What was acknowledged to a buyer, and has to stay so. */
export type Promised = {
  readonly reservation: Reservation
  /** Its buyer has asked for something else since: to pay, to give it back, to leave. */
  isTouched: boolean
  isPaid: boolean
}

type Parts = {
  readonly world: PurchaseWorld
  readonly office: SimOffice
  readonly wallet: SimWallet
  readonly line: SimLine
  readonly provider: SimProvider
}

export class Buyer {
  readonly userId: string
  readonly promised: Promised[] = []
  admissionId: string
  charged = 0
  readonly #parts: Parts
  #operations = 0

  constructor(userId: string, parts: Parts) {
    this.userId = userId
    this.#parts = parts
    this.admissionId = parts.line.admit(userId)
  }

  /** Does one thing, without waiting for what comes of it. */
  act(): void {
    const roll = this.#parts.world.random.next()
    if (roll < 0.4) void this.#hold()
    else if (roll < 0.6) void this.#pay()
    else if (roll < 0.75) void this.#checkOut()
    else if (roll < 0.83) void this.#giveUp()
    else if (roll < 0.88) void this.#leave()
    else void this.#charge()
  }

  async #hold(): Promise<void> {
    const { world, office, line } = this.#parts
    this.#enterAgain()
    if (!line.isAlive(this.admissionId)) return
    const { random } = world
    const count = random.between(1, 3)
    const seatIds = [
      ...new Set(Array.from({ length: count }, () => `A-${random.between(1, 2)}-${random.between(1, 4)}`)),
    ]
    const selection = random.chance(0.3)
      ? ({ kind: 'section', section: 'A', count } as const)
      : ({ kind: 'seats', seatIds } as const)
    const { userId, admissionId } = this
    const call = { operation: this.#operation('hold'), userId, admissionId, selection, holdMs: HOLD_MS }
    const held = await this.#persist(() => office.ask(`${userId} holds`, (engine) => engine.hold(call)))
    if (held === null || !held.ok) return
    const reservation = held.value.answer
    world.trace(() => `${userId} holds ${reservation.seatIds.join(' ')} as ${reservation.reservationId}`)
    this.promised.push({ reservation, isTouched: !line.isAlive(admissionId), isPaid: false })
  }

  async #pay(): Promise<void> {
    const { world, office, line } = this.#parts
    const promise = this.#anyPromise()
    if (promise === undefined || !line.isAlive(this.admissionId)) return
    promise.isTouched = true
    const { admissionId } = this
    const { reservationId } = promise.reservation
    const operation = this.#operation('pay')
    const paid = await this.#persist(() =>
      office.ask(`${this.userId} pays ${reservationId}`, (engine) =>
        engine.payByWallet({ operation, reservationId, userId: this.userId, admissionId }),
      ),
    )
    if (paid === null || !paid.ok) return
    world.trace(() => `${this.userId} has paid ${reservationId}`)
    if (paid.value.answer.amount !== promise.reservation.amount)
      world.violated('INV-10', 'another amount was taken')
    promise.isPaid = true
  }

  async #checkOut(): Promise<void> {
    const { world, office, line, provider } = this.#parts
    const promise = this.#anyPromise()
    if (promise === undefined || !line.isAlive(this.admissionId)) return
    promise.isTouched = true
    const { reservationId } = promise.reservation
    const { userId, admissionId } = this
    const operation = this.#operation('check out')
    const call = { operation, reservationId, userId, admissionId, origin: 'https://usher.example' }
    const begun = await this.#persist(() =>
      office.ask(`${this.userId} checks out ${reservationId}`, (engine) =>
        engine.provider.payByProvider(call),
      ),
    )
    if (begun === null || !begun.ok) return
    const { paymentId, state, checkoutUrl } = begun.value.answer
    if (state === 'paid') promise.isPaid = true
    // Some look at the page and never decide.
    if (checkoutUrl === null || world.random.chance(0.2)) return
    world.scheduler.after(world.random.between(0, 1.5 * PAYMENT_MS), () => {
      provider.decide(paymentId, world.random.chance(0.75) ? 'paid' : 'failed')
      if (world.random.chance(0.5)) void this.#comeBack(paymentId)
    })
  }

  async #comeBack(paymentId: string): Promise<void> {
    const { office } = this.#parts
    await this.#persist(() => office.ask('comes back', (engine) => engine.provider.lookAtPayment(paymentId)))
  }

  async #giveUp(): Promise<void> {
    const { office } = this.#parts
    const promise = this.#anyPromise()
    if (promise === undefined) return
    promise.isTouched = true
    const { reservationId } = promise.reservation
    await this.#persist(() => office.ask('gives up', (engine) => engine.giveUp(reservationId, this.userId)))
  }

  async #leave(): Promise<void> {
    const { office, line } = this.#parts
    const { admissionId } = this
    for (const promise of this.promised) promise.isTouched = true
    if (!line.leave(admissionId)) return
    await this.#persist(() => office.ask(`${this.userId} leaves`, (engine) => engine.left(admissionId)))
  }

  async #charge(): Promise<void> {
    const { world, wallet } = this.#parts
    const amount = world.random.between(1, 300)
    const call = {
      ...this.#operation('charge'),
      kind: 'charge',
      userId: this.userId,
      amount,
      reference: '',
    } as const
    const charged = await this.#persist(() => wallet.post(call))
    if (charged?.ok === true) this.charged += amount
  }

  /** Whose admission has ended joins again; here there is always room. */
  #enterAgain(): void {
    const { line } = this.#parts
    if (!line.isAlive(this.admissionId)) this.admissionId = line.admit(this.userId)
  }

  #anyPromise(): Promised | undefined {
    return this.promised.length === 0 ? undefined : this.#parts.world.random.pick(this.promised)
  }

  #operation(kind: string): OperationName {
    this.#operations += 1
    return { operationId: `${kind} ${this.userId} ${this.#operations}`, requestHash: kind }
  }

  /** Asks again with the same operation when there is no answer. Null: given up. */
  async #persist<T>(ask: () => Promise<T>): Promise<T | null> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      try {
        const answer = await ask()
        if (!isInProgress(answer)) return answer
      } catch {
        if (this.#parts.world.random.chance(0.3)) return null
      }
    }
    return null
  }
}
