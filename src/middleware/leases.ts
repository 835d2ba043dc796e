/**
 * What this instance of the shop knows of the leases of its visitors: which it has renewed, which have ended. The
 * cookie is the truth for everything else, so that forgetting all of this costs a call or two and nobody's visit.
 */
import type { Admissions, Answer, Outcome } from './admissions.ts'
import type { Session } from './session.ts'

/** Of one admission. */
type Known = {
  readonly sinceMs: number
  readonly expiresAtMs: number
  /** The last renewal begun here, whatever came of it. */
  readonly triedAtMs: number
  /** The last one that Usher did not answer. */
  readonly failedAtMs: number
  /** Usher has moved the end no farther: the session is as long as the event allows. */
  readonly isLongest: boolean
  readonly hasEnded: boolean
}

/** `alive`: with the lease as it is known here. `unavailable`: the lease is over and Usher does not answer. */
export type LeaseState =
  | { readonly state: 'alive'; readonly session: Session }
  | { readonly state: 'ended' | 'unavailable' }

/**
 * Renewals of one admission are this far apart, or an eighth of a lease that is short. And for this long after a call
 * that failed no request waits for another.
 */
const RETRY_MS = 5_000
/** Two renewals within one tick of a clock end at the same time, which says nothing about the longest session. */
const SAME_MOMENT_MS = 1_000
/** Some megabytes; the one that was learnt first is forgotten first. */
const KNOWN_MAX = 10_000

const NOTHING = { triedAtMs: 0, failedAtMs: 0, isLongest: false, hasEnded: false }

export class Leases {
  readonly #admissions: Admissions
  readonly #nowMs: () => number
  readonly #known = new Map<string, Known>()

  constructor(admissions: Admissions, nowMs: () => number) {
    this.#admissions = admissions
    this.#nowMs = nowMs
  }

  /**
   * How a session stands. With less than half of its lease left a renewal is begun and handed to `inBackground`, which
   * resolves when the answer is known here. A session whose lease is over waits for Usher: another instance may have
   * renewed it.
   */
  async check(session: Session, inBackground: (renewal: Promise<LeaseState>) => void): Promise<LeaseState> {
    const nowMs = this.#nowMs()
    const known = this.#known.get(session.admissionId)
    if (known?.hasEnded === true) return { state: 'ended' }
    const current = this.#merged(session)
    if (nowMs >= current.expiresAtMs) {
      const hasJustFailed = known !== undefined && nowMs - known.failedAtMs < RETRY_MS
      return hasJustFailed ? { state: 'unavailable' } : this.confirm(current)
    }
    if (isDue(current, known, nowMs)) inBackground(this.confirm(current))
    return { state: 'alive', session: current }
  }

  /** Asks Usher now, and renews. Away, it is as the lease says. */
  async confirm(session: Session): Promise<LeaseState> {
    const { admissionId } = session
    this.#note(session, { triedAtMs: this.#nowMs() })
    return this.#take(session, await this.#admissions.renew(admissionId))
  }

  /** A session that has just been redeemed. */
  begin(session: Session): void {
    this.#note(session, { triedAtMs: session.sinceMs })
  }

  /** Gives the admission back. From now on the session counts as over here, whether or not Usher could be told. */
  async release(session: Session, outcome: Outcome): Promise<boolean> {
    this.#note(session, { hasEnded: true })
    return (await this.#admissions.release(session.admissionId, outcome)).state === 'ended'
  }

  #take(session: Session, answer: Answer): LeaseState {
    const nowMs = this.#nowMs()
    // Released here while the question was under way: that is what counts.
    if (this.#known.get(session.admissionId)?.hasEnded === true) return { state: 'ended' }
    switch (answer.state) {
      case 'alive': {
        const before = this.#merged(session)
        const { expiresAtMs } = answer
        if (expiresAtMs > before.expiresAtMs)
          this.#note(session, { sinceMs: nowMs, expiresAtMs, isLongest: false })
        else if (nowMs - before.sinceMs >= SAME_MOMENT_MS) this.#note(session, { isLongest: true })
        return { state: 'alive', session: this.#merged(session) }
      }
      case 'unavailable': {
        this.#note(session, { failedAtMs: nowMs })
        const current = this.#merged(session)
        return nowMs < current.expiresAtMs ? { state: 'alive', session: current } : { state: 'unavailable' }
      }
      case 'taken':
      case 'invalid':
      case 'ended':
        this.#note(session, { hasEnded: true })
        return { state: 'ended' }
    }
  }

  /** The session with the later of the two leases: the cookie's, and the one learnt here. */
  #merged(session: Session): Session {
    const known = this.#known.get(session.admissionId)
    if (known === undefined || known.expiresAtMs < session.expiresAtMs) return session
    return { ...session, sinceMs: known.sinceMs, expiresAtMs: known.expiresAtMs }
  }

  #note(session: Session, change: Partial<Known>): void {
    const { admissionId, sinceMs, expiresAtMs } = session
    const before = this.#known.get(admissionId) ?? { ...NOTHING, sinceMs, expiresAtMs }
    this.#known.set(admissionId, { ...before, ...change })
    if (this.#known.size <= KNOWN_MAX) return
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest)
      break
    }
  }
}

/** Less than half of the lease is left, nobody has just asked, and asking can change something. */
function isDue({ sinceMs, expiresAtMs }: Session, known: Known | undefined, nowMs: number): boolean {
  const leaseMs = expiresAtMs - sinceMs
  if (nowMs - sinceMs <= leaseMs / 2 || known?.isLongest === true) return false
  return known === undefined || nowMs - known.triedAtMs >= Math.min(RETRY_MS, leaseMs / 8)
}
