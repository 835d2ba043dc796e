/**
 * What must hold after every step, checked against what was told to the outside and against the rows, by the ids of
 * docs/invariants.md. The checks of single decisions are in Oracle, those of whole states in states.ts.
 */
import type {
  AdmissionRecord,
  BatchRecord,
  Change,
  PlaceRecord,
  PoolKeyText,
} from '../../src/core/records.ts'
import type { Admission } from '../../src/core/views.ts'
import type { ReserveCall, ReserveReply } from '../../src/ports/pool-gate.ts'
import type { SimHost } from './host.ts'
import type { World } from './world.ts'

/** A promise was broken; the id says which. */
export class Violation extends Error {
  override readonly name = 'Violation'
  readonly id: string

  constructor(id: string, message: string) {
    super(`${id}: ${message}`)
    this.id = id
  }
}

const AFTER: Readonly<Record<PlaceRecord['state'], readonly PlaceRecord['state'][]>> = {
  WAITING: ['WAITING', 'ADMITTED', 'LEFT', 'EXPIRED'],
  ADMITTED: ['ADMITTED', 'COMPLETED', 'EXPIRED', 'LEFT'],
  COMPLETED: ['COMPLETED'],
  EXPIRED: ['EXPIRED'],
  LEFT: ['LEFT'],
}

export class Oracle {
  readonly #world: World
  /** The capacities that the gate has applied to a pool, and at which of them each admission was granted. */
  readonly #capacities = new Map<PoolKeyText, number[]>()
  readonly #grants = new Map<string, number>()
  readonly #tokens = new Map<string, string>()
  readonly #sessions = new Map<string, string>()
  readonly #outcomes = new Map<string, string | null>()
  readonly #positions = new Map<string, { since: number; moment: number; position: number }[]>()
  #moments = 0
  /** The first moment of the turn that runs now. */
  turnBegan = 1
  /** Live admissions whose lease a cut of the shared store took away, unknown to the pool's other lines. */
  readonly unguarded = new Set<string>()
  /** Leases that an older copy brought back after their event had left the pool: nobody can say that they are over. */
  readonly ownerless = new Set<string>()
  /** Joins that were answered: place by event and number. */
  readonly joined = new Map<SimHost, Map<number, string>>()
  admissions = 0

  constructor(world: World) {
    this.#world = world
  }

  // --- What the gate grants -----------------------------------------------------------------------------------------

  reserved(call: ReserveCall, reply: ReserveReply): void {
    if (reply.kind !== 'granted') return
    const history = this.#capacities.get(call.pool) ?? []
    this.#capacities.set(call.pool, history)
    const capacity = this.#world.store.pools.get(call.pool)?.hash?.terms?.capacity ?? call.capacity
    if (history.at(-1) !== capacity) history.push(capacity)
    for (const admissionId of call.admissionIds.slice(0, reply.count)) {
      if (!this.#grants.has(admissionId)) this.#grants.set(admissionId, history.length - 1)
    }
  }

  // --- What a line decides ------------------------------------------------------------------------------------------

  before(host: SimHost, changes: readonly Change[]): void {
    const { rows } = host
    for (const change of changes) {
      if (change.kind === 'place_ended') {
        const place = rows.places.get(change.joinNumber)
        const isLegal = place !== undefined && AFTER[place.state].includes(change.state)
        if (!isLegal) throw this.#broken('INV-3', `${place?.state} became ${change.state}`)
      }
      if (change.kind === 'admission_changed')
        this.#ledgerChange(rows.admission(change.admission.admissionId), change)
      if (change.kind === 'admission_opened') this.#opening(host, change.admission)
      if (change.kind === 'batch_chosen') this.#chosen(host, change.batch)
      if (change.kind === 'place_joined' && rows.places.has(change.place.joinNumber))
        throw this.#broken('INV-4', `join number ${change.place.joinNumber} was given twice`)
    }
  }

  after(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'admission_opened' && change.admission.state !== 'ended')
        this.#opened(change.admission)
    }
  }

  #ledgerChange(before: AdmissionRecord | null, { admission }: { admission: AdmissionRecord }): void {
    const { admissionId } = admission
    if (before === null) throw this.#broken('INV-3', `${admissionId} changes and was never opened`)
    if (before.token !== admission.token) throw this.#broken('INV-5', `the token of ${admissionId} changed`)
    const isOther = before.sessionDigest !== null && before.sessionDigest !== admission.sessionDigest
    if (isOther) throw this.#broken('INV-5', `${admissionId} went from one session to another`)
    const endedTwice =
      before.state === 'ended' && (admission.state !== 'ended' || admission.outcome !== before.outcome)
    if (endedTwice) throw this.#broken('INV-6', `${admissionId} ended twice`)
  }

  #opening(host: SimHost, { admissionId, joinNumber, state }: AdmissionRecord): void {
    if (!this.#grants.has(admissionId)) throw this.#broken('INV-12', `${admissionId} was never granted`)
    const place = host.rows.places.get(joinNumber)
    const isFree = place?.state === 'WAITING' || (state === 'ended' && place !== undefined)
    if (!isFree) throw this.#broken('INV-3', `${place?.state} was admitted`)
    const member = host.rows.batch?.members.find((one) => one.admissionId === admissionId)
    if (member === undefined) throw this.#broken('INV-2', `${admissionId} is not of the batch in flight`)
  }

  /** Who is chosen is a prefix of those who are present, in the order of the line. */
  #chosen(host: SimHost, batch: BatchRecord): void {
    const line = host.line()
    if (line === null) return
    const everybody = line.event.config.queueing === 'passthrough'
    const present = [...line.waiting.all()]
      .filter((visitor) => everybody || visitor.absentSinceMs === null)
      .toSorted((a, b) => (a.number ?? Infinity) - (b.number ?? Infinity))
    for (const [index, { userId }] of batch.members.entries()) {
      const due = present[index]
      if (due?.userId !== userId) throw this.#broken('INV-2', `${userId} was chosen before ${due?.userId}`)
    }
    const room = line.event.config.capacity - line.ledger.liveCount
    if (batch.members.length > room)
      throw this.#broken('INV-1', 'a batch is larger than the room of its event')
  }

  #opened({ admissionId, pool }: AdmissionRecord): void {
    this.admissions += 1
    const granted = this.#grants.get(admissionId) ?? 0
    const capacity = Math.max(...(this.#capacities.get(pool) ?? []).slice(granted))
    const live = this.#world.liveIn(pool)
    const unguarded = this.#world.strict ? 0 : live.filter((id) => this.unguarded.has(id)).length
    if (live.length <= capacity + unguarded) return
    const which = unguarded > 0 ? ` (${unguarded} of them unguarded)` : ''
    throw this.#broken('INV-1', `${live.length} are live in ${pool}${which}, capacity ${capacity}`)
  }

  // --- What the outside is told -------------------------------------------------------------------------------------

  /** A join or a poll was answered with a place. */
  answeredPlace(host: SimHost, joinNumber: number, userId: string): void {
    const joined = this.joined.get(host) ?? new Map<number, string>()
    this.joined.set(host, joined)
    joined.set(joinNumber, userId)
  }

  /** The moment at which something is said; what is said later may still arrive earlier. */
  moment(): number {
    return (this.#moments += 1)
  }

  turnEnds(): void {
    this.turnBegan = this.#moments + 1
  }

  /**
   * @param moment when the line said it: by then, not by when it arrives, a position may only fall
   * @param since where the moment is not known exactly: the first one at which it can have been said
   */
  shownPosition(
    host: SimHost,
    joinNumber: number,
    position: number | null,
    moment = this.moment(),
    since = moment,
  ): void {
    if (position === null) return
    const key = `${host.eventId} ${joinNumber}`
    const shown = this.#positions.get(key) ?? []
    this.#positions.set(key, shown)
    for (const other of shown) {
      if (since <= other.moment && other.since <= moment) continue
      const [earlier, later] = other.moment < since ? [other.position, position] : [position, other.position]
      if (later > earlier) throw this.#broken('INV-8', `${key} was shown ${earlier}, then ${later}`)
    }
    if (shown.at(-1)?.position !== position) shown.push({ since, moment, position })
  }

  shownToken(admissionId: string, token: string): void {
    const before = this.#tokens.get(admissionId) ?? token
    if (before !== token) throw this.#broken('INV-5', `${admissionId} was shown two tokens`)
    this.#tokens.set(admissionId, token)
  }

  redeemed(admissionId: string, sessionDigest: string): void {
    const before = this.#sessions.get(admissionId) ?? sessionDigest
    if (before !== sessionDigest) throw this.#broken('INV-5', `two sessions redeemed ${admissionId}`)
    this.#sessions.set(admissionId, sessionDigest)
  }

  shownAdmission({ admissionId, state, outcome }: Admission): void {
    const before = this.#outcomes.get(admissionId)
    const isOther = before !== undefined && (state !== 'ended' || outcome !== before)
    if (isOther) throw this.#broken('INV-6', `${admissionId} had ended as ${before}, now ${state} ${outcome}`)
    if (state === 'ended') this.#outcomes.set(admissionId, outcome)
  }

  /** What was answered is in the rows for ever. */
  keepsItsWord(host: SimHost): void {
    for (const [joinNumber, userId] of this.joined.get(host) ?? []) {
      if (host.rows.places.get(joinNumber)?.userId !== userId)
        throw this.#broken('INV-3', `the place ${joinNumber} of ${userId} is lost`)
    }
    for (const record of host.rows.admissions.values()) {
      const session = this.#sessions.get(record.admissionId)
      if (session !== undefined && record.sessionDigest !== session)
        throw this.#broken('INV-5', `the redemption of ${record.admissionId} is lost`)
      if (this.#outcomes.has(record.admissionId) && record.state !== 'ended')
        throw this.#broken('INV-6', `${record.admissionId} has come back`)
    }
  }

  /** The code under test may catch what is thrown into it, so the world is told as well. */
  #broken(id: string, message: string): Violation {
    const violation = new Violation(id, message)
    this.#world.unexpected(id, violation)
    return violation
  }
}
