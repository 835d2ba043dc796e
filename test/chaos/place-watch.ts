/**
 * What visitors were told of their places, held against what they were told before (INV-3, INV-4, INV-5, INV-8). It
 * knows nothing of the server but the answers, and makes no calls.
 */
import type { Interval } from '../../src/cli/load/statistics.ts'
import type { Violations } from './violations.ts'

export type Who = { readonly eventId: string; readonly userId: string }
export type PlaceState = 'WAITING' | 'ADMITTED' | 'COMPLETED' | 'EXPIRED' | 'LEFT'

export type SeenPlace = {
  readonly state: PlaceState
  readonly joinNumber: number
  readonly joinedAt: string
  readonly position: number | null
  readonly admissionId: string | null
  readonly entryToken: string | null
}

type Known = {
  readonly joinNumber: number
  readonly joinedAt: string
  /** Somebody has asked for its end, or its lease is over. */
  mayEnd: boolean
  isOver: boolean
  admission: { readonly admissionId: string; readonly token: string; readonly heardAtMs: number } | null
  /** The smallest position heard, and when at the latest the server said it. */
  position: { readonly value: number; readonly saidByMs: number } | null
}

export class PlaceWatch {
  readonly #report: Violations['report']
  readonly #places = new Map<string, Known>()
  /** By event: who has which join number. */
  readonly #numbers = new Map<string, Map<number, string>>()
  readonly #holders = new Map<string, string>()
  readonly #sessions = new Map<string, string>()

  constructor(report: Violations['report']) {
    this.#report = report
  }

  /** A join was answered, as new or as a repetition. */
  acknowledged(who: Who, joined: Pick<SeenPlace, 'joinNumber' | 'joinedAt'>): void {
    const known = this.#places.get(keyOf(who))
    if (known !== undefined && !known.isOver) {
      this.#isSame(who, known, joined)
      return
    }
    if (known !== undefined && joined.joinNumber <= known.joinNumber)
      this.#report('lost place', `${nameOf(who)} joined again and got #${joined.joinNumber}, not the end`)
    const numbers = this.#numbers.get(who.eventId) ?? new Map<number, string>()
    const holder = numbers.get(joined.joinNumber)
    if (holder !== undefined && (holder !== who.userId || known !== undefined))
      this.#report('number given twice', `${who.eventId} #${joined.joinNumber}: ${holder}, ${who.userId}`)
    this.#numbers.set(who.eventId, numbers.set(joined.joinNumber, who.userId))
    const { joinNumber, joinedAt } = joined
    const fresh = { joinNumber, joinedAt, mayEnd: false, isOver: false, admission: null, position: null }
    this.#places.set(keyOf(who), fresh)
  }

  /** From here on the place may end: its visitor asks for it, or its lease is over. */
  mayEnd(who: Who): void {
    const known = this.#places.get(keyOf(who))
    if (known !== undefined) known.mayEnd = true
  }

  /** The end was heard, and the visitor is done with this place. */
  ended(who: Who, how: string): void {
    const known = this.#places.get(keyOf(who))
    if (known === undefined) return
    known.isOver = true
    if (!known.mayEnd)
      this.#report('lost place', `${nameOf(who)} #${known.joinNumber} ended as ${how}, asked by nobody`)
  }

  /** The server says that it knows of no place. */
  missing(who: Who, where: string): void {
    const known = this.#places.get(keyOf(who))
    if (known !== undefined) this.#report('lost place', `${nameOf(who)} #${known.joinNumber}: ${where}`)
  }

  /** A place was answered. `said`: the server made the answer within this time. */
  saw(who: Who, seen: SeenPlace, said: Interval): void {
    const known = this.#places.get(keyOf(who))
    if (known === undefined || known.isOver || !this.#isSame(who, known, seen)) return
    if (seen.state === 'ADMITTED') {
      this.promoted(who, seen.admissionId ?? '', seen.entryToken ?? '', said.toMs)
    } else if (seen.state !== 'WAITING') {
      if (!known.mayEnd)
        this.#report('lost place', `${nameOf(who)} #${known.joinNumber} is ${seen.state}, asked by nobody`)
    } else if (known.admission !== null && said.fromMs > known.admission.heardAtMs) {
      this.#report('lost place', `${nameOf(who)} #${known.joinNumber} waits again after its admission`)
    } else if (seen.position !== null) {
      this.position(who, seen.position, said)
    }
  }

  /** A position was heard. One that is larger than an earlier one has grown; answers that crossed are not compared. */
  position(who: Who, value: number, said: Interval): void {
    const known = this.#places.get(keyOf(who))
    if (known === undefined || known.isOver) return
    const before = known.position
    if (before !== null && value > before.value) {
      if (said.fromMs > before.saidByMs)
        this.#report('position grew', `${nameOf(who)} #${known.joinNumber}: ${before.value}, then ${value}`)
      return
    }
    known.position = { value, saidByMs: said.toMs }
  }

  /** An admission was heard, for the first time or again. */
  promoted(who: Who, admissionId: string, token: string, heardAtMs: number): void {
    const known = this.#places.get(keyOf(who))
    if (known === undefined || known.isOver) return
    const before = known.admission
    if (before === null) {
      const holder = this.#holders.get(admissionId)
      if (holder !== undefined)
        this.#report('two admissions', `${admissionId} of ${holder} and ${who.userId}`)
      this.#holders.set(admissionId, who.userId)
      known.admission = { admissionId, token, heardAtMs }
    } else if (before.admissionId !== admissionId) {
      this.#report('two admissions', `${nameOf(who)}: ${before.admissionId}, then ${admissionId}`)
    } else if (before.token !== token) {
      this.#report('token changed', `${nameOf(who)}: the token of ${admissionId}`)
    }
  }

  /** A redemption was answered with 200. */
  redeemed(admissionId: string, sessionId: string): void {
    const first = this.#sessions.get(admissionId)
    if (first !== undefined && first !== sessionId)
      this.#report('two sessions', `${admissionId} redeemed by ${first} and by ${sessionId}`)
    this.#sessions.set(admissionId, first ?? sessionId)
  }

  /** Places of one event asked one after another from the back to the front: each must be before the one just asked. */
  sweep(eventId: string, backToFront: readonly { joinNumber: number; position: number }[]): void {
    for (const [index, place] of backToFront.entries()) {
      const behind = backToFront[index - 1]
      if (behind === undefined || (place.joinNumber < behind.joinNumber && place.position < behind.position))
        continue
      const [a, b] = [place, behind].map(({ joinNumber, position }) => `#${joinNumber} at ${position}`)
      this.#report('out of order', `${eventId}: ${a}, behind it ${b}`)
    }
  }

  /** At the end: the line says how many joined, and each of those numbers must be somebody's. */
  countJoins(eventId: string, joinedTotal: number): void {
    const numbers = this.#numbers.get(eventId) ?? new Map<number, string>()
    const missing = Array.from({ length: joinedTotal }, (_, index) => index + 1).filter(
      (n) => !numbers.has(n),
    )
    if (missing.length > 0 || numbers.size !== joinedTotal)
      this.#report(
        'lost place',
        `${eventId}: ${joinedTotal} joins, ${numbers.size} known, nobody has ${missing.join()}`,
      )
  }

  /** How many joins and admissions were heard of. */
  get counts(): { joins: number; admissions: number } {
    const joins = [...this.#numbers.values()].reduce((sum, numbers) => sum + numbers.size, 0)
    return { joins, admissions: this.#holders.size }
  }

  #isSame(who: Who, known: Known, seen: Pick<SeenPlace, 'joinNumber' | 'joinedAt'>): boolean {
    if (seen.joinNumber === known.joinNumber && seen.joinedAt === known.joinedAt) return true
    this.#report('lost place', `${nameOf(who)} had #${known.joinNumber}, now #${seen.joinNumber}`)
    return false
  }
}

function keyOf({ eventId, userId }: Who): string {
  return `${eventId} ${userId}`
}

function nameOf({ eventId, userId }: Who): string {
  return `${userId} in ${eventId}`
}
