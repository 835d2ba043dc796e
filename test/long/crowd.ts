/** Visitors of the sale: what each means to do is drawn when they come; the line decides what becomes of it. */
import { Random } from '../sim/random.ts'
import type { SaleLine } from './sale-line.ts'

/** The shop renews a session in half the life of its lease. */
const RENEW_AFTER_SECONDS = 60

type Plan =
  /** Goes away without a word while waiting, or leaves. */
  | { readonly kind: 'walks away' | 'leaves'; readonly afterSeconds: number }
  /** Is admitted and never comes, or gives it back unused. */
  | { readonly kind: 'never comes' | 'gives back' }
  /** Goes in; and walks away from the shop, or is released. */
  | { readonly kind: 'vanishes' | 'completes' | 'cancels'; readonly staySeconds: number }

type Visitor = {
  readonly userId: string
  readonly line: SaleLine
  readonly plan: Plan
  phase: 'coming' | 'waiting' | 'admitted' | 'inside'
  sinceSecond: number
  admissionId: string
}

export class Crowd {
  /** What the visitors saw; a failed step is a finding. */
  readonly seen = new Map<string, number>()
  readonly #agenda = new Map<number, Visitor[]>()
  readonly #random: Random

  /** Two visitors of five come in the first tenth of the sale, the others until four fifths of it have passed. */
  constructor(lines: readonly SaleLine[], visitors: number, firstSecond: number, saleSeconds: number) {
    this.#random = new Random(visitors)
    for (let index = 0; index < visitors; index += 1) {
      const withinSeconds = saleSeconds * (this.#random.chance(0.4) ? 0.1 : 0.8)
      const visitor: Visitor = {
        userId: `visitor-${index}`,
        line: this.#random.pick(lines),
        plan: this.#plan(),
        phase: 'coming',
        sinceSecond: 0,
        admissionId: '',
      }
      this.#at(firstSecond + this.#random.between(1, Math.ceil(withinSeconds)), visitor)
    }
  }

  /** Nobody means to do anything more. */
  get isGone(): boolean {
    return this.#agenda.size === 0
  }

  /** Everybody whose moment this second is does what they do, at the same time. */
  async step(second: number): Promise<void> {
    const due = this.#agenda.get(second) ?? []
    this.#agenda.delete(second)
    await Promise.all(due.map((visitor) => this.#act(visitor, second)))
  }

  #plan(): Plan {
    const chance = this.#random.next()
    const afterSeconds = this.#random.between(5, 200)
    if (chance < 0.05) return { kind: 'walks away', afterSeconds }
    if (chance < 0.08) return { kind: 'leaves', afterSeconds }
    if (chance < 0.12) return { kind: 'never comes' }
    if (chance < 0.14) return { kind: 'gives back' }
    const staySeconds = this.#random.between(20, 150)
    if (chance < 0.17) return { kind: 'vanishes', staySeconds }
    return { kind: chance < 0.9 ? 'completes' : 'cancels', staySeconds }
  }

  async #act(visitor: Visitor, second: number): Promise<void> {
    switch (visitor.phase) {
      case 'coming':
        return this.#come(visitor, second)
      case 'waiting':
        return this.#poll(visitor, second)
      case 'admitted':
        return this.#enter(visitor, second)
      case 'inside':
        return this.#stay(visitor, second)
    }
  }

  async #come(visitor: Visitor, second: number): Promise<void> {
    const joined = await visitor.line.engine.visits.join(visitor.userId)
    this.#saw(joined.ok && joined.value.created ? 'joined' : 'join refused')
    visitor.phase = 'waiting'
    visitor.sinceSecond = second
    this.#at(second + this.#random.between(1, 5), visitor)
  }

  async #poll(visitor: Visitor, second: number): Promise<void> {
    const { line, userId, plan } = visitor
    if ('afterSeconds' in plan && second - visitor.sinceSecond >= plan.afterSeconds) {
      this.#saw(plan.kind)
      if (plan.kind === 'leaves') await line.engine.visits.leave(userId)
      return
    }
    const place = await line.engine.visits.place(userId)
    this.#saw('polled')
    if (place.ok && place.value.state === 'WAITING')
      return this.#at(second + Math.floor(place.value.pollAfterMs / 1_000), visitor)
    if (!place.ok || place.value.admissionId === null || place.value.state !== 'ADMITTED')
      return this.#saw(`lost the place: ${place.ok ? place.value.state : place.error.reason}`)
    visitor.phase = 'admitted'
    visitor.admissionId = place.value.admissionId
    this.#at(second + this.#random.between(1, 10), visitor)
  }

  async #enter(visitor: Visitor, second: number): Promise<void> {
    const { line, userId, plan, admissionId } = visitor
    if (plan.kind === 'never comes') return this.#saw(plan.kind)
    if (!('staySeconds' in plan)) {
      this.#saw('gives back')
      await line.engine.visits.leave(userId)
      return
    }
    const redeemed = await line.engine.shop.redeem({ admissionId, sessionDigest: `session-${userId}` })
    if (!redeemed.ok) return this.#saw(`not redeemed: ${redeemed.error.reason}`)
    this.#saw('redeemed')
    visitor.phase = 'inside'
    visitor.sinceSecond = second
    this.#at(second + Math.min(plan.staySeconds, RENEW_AFTER_SECONDS), visitor)
  }

  async #stay(visitor: Visitor, second: number): Promise<void> {
    const { line, plan, admissionId } = visitor
    const leftSeconds = 'staySeconds' in plan ? plan.staySeconds - (second - visitor.sinceSecond) : 0
    if (leftSeconds > 0) {
      const renewed = await line.engine.shop.renew(admissionId)
      this.#saw(renewed.ok ? 'renewed' : `not renewed: ${renewed.error.reason}`)
      return this.#at(second + Math.min(leftSeconds, RENEW_AFTER_SECONDS), visitor)
    }
    this.#saw(plan.kind)
    if (plan.kind === 'vanishes') return
    await line.engine.shop.release(admissionId, plan.kind === 'completes' ? 'completed' : 'cancelled')
  }

  #at(second: number, visitor: Visitor): void {
    const others = this.#agenda.get(second)
    if (others === undefined) this.#agenda.set(second, [visitor])
    else others.push(visitor)
  }

  #saw(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
  }
}
