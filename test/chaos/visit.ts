/** One place from its join to its end, lived in one of several ways. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Attention } from './attention.ts'
import type { SeededRandom } from './random.ts'
import {
  askPlace,
  callQueue,
  callShop,
  wrongAnswer,
  type Identity,
  type Ticket,
  type World,
} from './world.ts'

/** `rival`: a second session tries the token at the same moment. `no-show`: is let in and never comes. */
export type Way = 'shop' | 'rival' | 'leave-line' | 'leave-shop' | 'no-show'

type Ending = 'completed' | 'left' | 'expired'

const SHOP_MS = { min: 400, max: 1_600 }
const LINGER_MS = { min: 300, max: 4_000 }
/** An end is told on the stream, after a reconnect at the latest. */
const END_TOLD_WITHIN_MS = 30_000
/** A lease that has just ended may be over for the line and not yet for the visitor's clock. */
const LEASE_SLACK_MS = 1_000

export class Visit {
  readonly #world: World
  readonly #who: Identity
  readonly #attention: Attention
  readonly #random: SeededRandom
  #gaveUpAtMs: number | null = null

  constructor(world: World, who: Identity, attention: Attention, random: SeededRandom) {
    this.#world = world
    this.#who = who
    this.#attention = attention
    this.#random = random
  }

  /** From the acknowledged join to the end of the place. */
  async live(way: Way): Promise<void> {
    if (way === 'leave-line') {
      await this.#linger(LINGER_MS)
      return this.#leave(null)
    }
    const ticket = await this.#attention.admitted()
    if (ticket === null) return this.#world.places.ended(this.#who, 'something else than an admission')
    if (way === 'no-show') return this.#stayAway(ticket)
    const hasEntered =
      way === 'rival' ? await this.#enterAgainstRival(ticket) : await this.#enter(ticket, 'a')
    if (!hasEntered) return this.#comesTooLate(ticket)
    await this.#shop(ticket)
    return way === 'leave-shop' ? this.#leave(ticket) : this.#release(ticket)
  }

  async #enter(ticket: Ticket, session: string): Promise<boolean> {
    const { admissionId, entryToken } = ticket
    const sessionId = `${admissionId}-${session}`
    const answer = await callShop(this.#world, 'POST', 'redeem', { token: entryToken, sessionId })
    if (answer.status === 200) {
      this.#world.places.redeemed(admissionId, sessionId)
      this.#world.recovery.admitted(Date.parse(answer.body.admittedAt))
      return true
    }
    const isLate = answer.status === 410 && Date.now() > ticket.expiresAtMs - LEASE_SLACK_MS
    if (answer.status !== 409 && !isLate) wrongAnswer(this.#world, 'redeem', answer)
    return false
  }

  /** Both ask at once, and one of them is let in. */
  async #enterAgainstRival(ticket: Ticket): Promise<boolean> {
    this.#world.tally.secondSessions += 1
    const entered = await Promise.all([this.#enter(ticket, 'a'), this.#enter(ticket, 'rival')])
    return entered.includes(true)
  }

  async #shop(ticket: Ticket): Promise<void> {
    await this.#linger(SHOP_MS)
    if (this.#random.chance(0.3)) {
      const answer = await callShop(this.#world, 'POST', `${ticket.admissionId}/renew`, {})
      if (answer.status !== 200) wrongAnswer(this.#world, 'renew', answer)
    }
    if (!this.#random.chance(0.3)) return
    this.#world.tally.secondSessions += 1
    await this.#enter(ticket, 'late')
  }

  async #release(ticket: Ticket): Promise<void> {
    const outcome = this.#random.chance(0.8) ? 'completed' : 'cancelled'
    this.#goesNow(ticket)
    const answer = await callShop(this.#world, 'POST', `${ticket.admissionId}/release`, { outcome })
    if (answer.status !== 200 || answer.body.outcome !== outcome) wrongAnswer(this.#world, 'release', answer)
    this.#world.tally.completed += 1
    await this.#end(outcome === 'completed' ? 'completed' : 'left')
  }

  async #leave(ticket: Ticket | null): Promise<void> {
    if (ticket !== null) this.#goesNow(ticket)
    this.#gaveUpAtMs = Date.now()
    this.#world.places.mayEnd(this.#who)
    const answer = await callQueue(this.#world, this.#who, 'DELETE')
    if (answer.status !== 204) wrongAnswer(this.#world, 'leave', answer)
    this.#world.tally.left += 1
    await this.#end('left')
  }

  async #stayAway({ heardAtMs, expiresAtMs }: Ticket): Promise<void> {
    this.#world.capacity.crowdInterval(this.#who.eventId, { fromMs: heardAtMs, toMs: expiresAtMs })
    await sleep(Math.max(0, expiresAtMs - Date.now()))
    this.#world.places.mayEnd(this.#who)
    this.#world.tally.expired += 1
    await this.#end('expired')
  }

  /** The line was away for longer than the lease. */
  async #comesTooLate({ expiresAtMs }: Ticket): Promise<void> {
    await sleep(Math.max(0, expiresAtMs - Date.now()))
    this.#world.places.mayEnd(this.#who)
    this.#world.tally.late += 1
    await this.#end('expired')
  }

  /** Up to here the visitor surely was inside; from here on it may be over. */
  #goesNow({ heardAtMs }: Ticket): void {
    this.#world.capacity.crowdInterval(this.#who.eventId, { fromMs: heardAtMs, toMs: Date.now() })
    this.#world.places.mayEnd(this.#who)
  }

  /** Hears the end where it listens, finds the place ended just so, and reads how the ledger has its admission. */
  async #end(expected: Ending): Promise<void> {
    const { places, report, turns } = this.#world
    const { eventId, userId } = this.#who
    const heard = await this.#attention.ended(END_TOLD_WITHIN_MS)
    if (heard !== expected)
      report('silence', `${userId} in ${eventId} should hear "${expected}", heard "${heard}"`)
    const place = await askPlace(this.#world, this.#who)
    places.ended(this.#who, expected)
    if (place === null) return
    const admittedAtMs = place.admissionId === null ? null : await this.#readLedger(place.admissionId)
    // Closes what is open, so that the whole time is known.
    this.#attention.close()
    const { present } = this.#attention
    const { joinNumber } = place
    turns.add(eventId, { joinNumber, admittedAtMs, gaveUpAtMs: this.#gaveUpAtMs, present })
  }

  /** When the admission began, as the ledger has it now that it is over. */
  async #readLedger(admissionId: string): Promise<number | null> {
    const { status, body } = await callShop(this.#world, 'GET', admissionId)
    if (status !== 200 || body.endedAt === null) {
      this.#world.report('slot leaked', `${admissionId} is ${body?.state} after its end`)
      return null
    }
    const [fromMs, toMs] = [Date.parse(body.admittedAt), Date.parse(body.endedAt)]
    this.#world.capacity.ledgerInterval(this.#who.eventId, { fromMs, toMs })
    return fromMs
  }

  async #linger({ min, max }: { readonly min: number; readonly max: number }): Promise<void> {
    if (!this.#world.isClosing) await sleep(this.#random.between(min, max))
  }
}
