/**
 * The rows of a line in memory, as src/durable/line-storage.ts keeps them in SQLite. Each write can be undone until it
 * is durable: a crash loses the newest of those that are not.
 */
import { unreachable } from '../../src/core/assert.ts'
import type {
  AdmissionRecord,
  BatchRecord,
  Change,
  EventRecord,
  PlaceRecord,
  PoolKeyText,
  PoolViewRecord,
  Snapshot,
} from '../../src/core/records.ts'
import type { LineRows } from '../../src/ports/line-host.ts'

const PACE_WINDOW_MS = 120_000

type Undo = () => void

export class MemoryRows implements LineRows {
  readonly places = new Map<number, PlaceRecord>()
  readonly admissions = new Map<string, AdmissionRecord>()
  readonly #batches = new Map<string, BatchRecord>()
  readonly #views = new Map<string, PoolViewRecord>()
  readonly #event = new Map<'event', EventRecord>()
  readonly #numbers = new Map<'tatMs' | 'alarmAtMs', number>()
  /** One list for each write that is not durable. */
  readonly #undo: Undo[][] = []
  /** Writes so far, and how many of them a crash cannot lose any more. */
  written = 0
  durable = 0

  get event(): EventRecord | null {
    return this.#event.get('event') ?? null
  }

  /** Whether the line has dealings with the pool. */
  knows(pool: PoolKeyText): boolean {
    return this.#views.has(pool)
  }

  get alarmAtMs(): number | null {
    return this.#numbers.get('alarmAtMs') ?? null
  }

  get batch(): BatchRecord | null {
    for (const batch of this.#batches.values()) return batch
    return null
  }

  load(nowMs: number): Snapshot | null {
    const { event } = this
    if (event === null) return null
    const places = [...this.places.values()]
    const admissions = [...this.admissions.values()]
    const admitted = places.filter((place) => place.admissionId !== null)
    return {
      event,
      waiting: places.filter((place) => place.state === 'WAITING'),
      admissions: admissions.filter((record) => record.state !== 'ended' || record.debt !== null),
      batch: this.batch,
      poolViews: [...this.#views.values()],
      tatMs: this.#numbers.get('tatMs') ?? 0,
      joinedTotal: Math.max(0, ...this.places.keys()),
      admittedTotal: admitted.length,
      nowServing: Math.max(0, ...admitted.map((place) => place.number ?? 0)),
      recentAdmissionsMs: admissions
        .map((record) => record.admittedAtMs)
        .filter((atMs) => atMs > nowMs - PACE_WINDOW_MS),
    }
  }

  create(): void {
    // The tables are there.
  }

  apply(changes: readonly Change[]): void {
    if (changes.length === 0) return
    this.#write(() => {
      for (const change of changes) this.#applyOne(change)
    })
  }

  setAlarm(atMs: number | null): void {
    this.#write(() => this.#set(this.#numbers, 'alarmAtMs', atMs ?? undefined))
  }

  latestPlace(userId: string): PlaceRecord | null {
    let latest: PlaceRecord | null = null
    for (const place of this.places.values()) {
      if (place.userId === userId && place.joinNumber > (latest?.joinNumber ?? 0)) latest = place
    }
    return latest
  }

  admission(admissionId: string): AdmissionRecord | null {
    return this.admissions.get(admissionId) ?? null
  }

  /** The hosts of the simulation keep what has ended, for the invariants to look at. */
  forget(): number {
    return 0
  }

  oldestEndedMs(): null {
    return null
  }

  /** Everything written so far is safe. */
  sync(): void {
    this.#undo.length = 0
    this.durable = this.written
  }

  /** A crash: only the first `kept` of the writes that were not durable have happened. */
  crash(kept: number): void {
    while (this.#undo.length > kept) {
      for (const undo of (this.#undo.pop() ?? []).toReversed()) undo()
    }
    this.sync()
  }

  get undurable(): number {
    return this.#undo.length
  }

  #write(work: () => void): void {
    this.written += 1
    this.#undo.push([])
    work()
  }

  #set<K, V>(table: Map<K, V>, key: K, value: V | undefined): void {
    const before = table.get(key)
    this.#undo.at(-1)?.push(() => {
      if (before === undefined) table.delete(key)
      else table.set(key, before)
    })
    if (value === undefined) table.delete(key)
    else table.set(key, value)
  }

  #applyOne(change: Change): void {
    switch (change.kind) {
      case 'event_saved':
        return this.#set(this.#event, 'event', change.event)
      case 'rate_spent':
        return this.#set(this.#numbers, 'tatMs', change.tatMs)
      case 'place_joined':
        if (this.places.has(change.place.joinNumber)) throw new Error('UNIQUE: places.join_number')
        return this.#set(this.places, change.place.joinNumber, change.place)
      case 'place_ended': {
        const { state, endedAtMs } = change
        return this.#changePlace(change.joinNumber, { state, endedAtMs, absentSinceMs: null })
      }
      case 'places_numbered':
        for (const [joinNumber, number] of change.numbers) this.#changePlace(joinNumber, { number })
        return
      case 'absence_marked':
        return this.#changePlace(change.joinNumber, { absentSinceMs: change.absentSinceMs })
      case 'batch_chosen':
        return this.#set(this.#batches, change.batch.batchId, change.batch)
      case 'batch_settled':
        return this.#set(this.#batches, change.batchId, undefined)
      case 'admission_opened':
        return this.#openAdmission(change.admission)
      case 'admission_changed':
        return this.#changeAdmission(change.admission)
      case 'pool_seen':
        return this.#set(this.#views, change.view.pool, change.view)
      case 'pool_left':
        return this.#set(this.#views, change.pool, undefined)
      default:
        return unreachable(change)
    }
  }

  #changePlace(joinNumber: number, change: Partial<PlaceRecord>): void {
    const place = this.places.get(joinNumber)
    if (place !== undefined) this.#set(this.places, joinNumber, { ...place, ...change })
  }

  #openAdmission(admission: AdmissionRecord): void {
    const { admissionId, joinNumber, state } = admission
    if (this.admissions.has(admissionId)) throw new Error('UNIQUE: admissions.admission_id')
    this.#set(this.admissions, admissionId, { ...admission, redeemedAtMs: null, sessionDigest: null })
    if (state === 'ended') return
    this.#changePlace(joinNumber, { state: 'ADMITTED', admissionId, absentSinceMs: null })
  }

  #changeAdmission(changed: AdmissionRecord): void {
    const record = this.admissions.get(changed.admissionId)
    if (record === undefined) return
    const { state, redeemedAtMs, sessionDigest, leaseExpiresAtMs, endedAtMs, outcome, debt } = changed
    const change = { state, redeemedAtMs, sessionDigest, leaseExpiresAtMs, endedAtMs, outcome, debt }
    this.#set(this.admissions, record.admissionId, { ...record, ...change })
  }
}
