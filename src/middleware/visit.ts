/** A visit as the shop's code sees it while it answers one request. */
import type { Outcome } from './admissions.ts'
import { setCookie } from './cookies.ts'
import type { Leases, LeaseState } from './leases.ts'
import type { Session } from './session.ts'

/** A visitor who is inside. */
export interface Visit {
  readonly eventId: string
  readonly admissionId: string
  readonly userId: string
  /** As far as it is known here; it moves while the visit goes on. */
  readonly leaseExpiresAt: Date
  /**
   * Asks Usher whether the admission is alive, and renews it: for the moment that matters. `unavailable`: the lease
   * is over here and Usher does not answer.
   */
  confirm(): Promise<LeaseState['state']>
  /** Gives the admission back, bought: the next in line is let in. False: Usher could not be told; the lease runs out. */
  complete(): Promise<boolean>
  /** Gives the admission back, without having bought. */
  cancel(): Promise<boolean>
}

/** One request's view of a visit, and what its cookie has to become. */
export class OpenVisit implements Visit {
  readonly #url: URL
  readonly #leases: Leases
  readonly #cookieOf: (url: URL, session: Session) => Promise<string>
  #session: Session
  #isOver = false
  cookies: readonly string[] = []

  constructor(
    url: URL,
    session: Session,
    leases: Leases,
    cookieOf: (url: URL, session: Session) => Promise<string>,
  ) {
    this.#url = url
    this.#session = session
    this.#leases = leases
    this.#cookieOf = cookieOf
  }

  get eventId(): string {
    return this.#session.eventId
  }

  get admissionId(): string {
    return this.#session.admissionId
  }

  get userId(): string {
    return this.#session.userId
  }

  get leaseExpiresAt(): Date {
    return new Date(this.#session.expiresAtMs)
  }

  async confirm(): Promise<LeaseState['state']> {
    const state = await this.#leases.confirm(this.#session)
    await this.note(state)
    return state.state
  }

  complete(): Promise<boolean> {
    return this.#release('completed')
  }

  cancel(): Promise<boolean> {
    return this.#release('cancelled')
  }

  #release(outcome: Outcome): Promise<boolean> {
    this.#end()
    return this.#leases.release(this.#session, outcome)
  }

  /** Takes over what was learnt of the lease. */
  async note(state: LeaseState): Promise<void> {
    if (state.state === 'ended') this.#end()
    if (state.state !== 'alive' || state.session.expiresAtMs === this.#session.expiresAtMs) return
    const cookie = await this.#cookieOf(this.#url, state.session)
    if (this.#isOver) return
    this.#session = state.session
    this.cookies = [cookie]
  }

  #end(): void {
    this.#isOver = true
    this.cookies = [setCookie(sessionCookieName(this.eventId), '', 0, this.#url)]
  }
}

/** One for each event, so that a visitor can be inside several. Not `usher_<event>`: an event may be called `visitor`. */
export function sessionCookieName(eventId: string): string {
  return `usher_in_${eventId}`
}
