/** One fan: takes a place, follows the line, and does what its role says. Everything it sees goes into its record. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { unreachable } from '../../core/assert.ts'
import type { Api } from './api-client.ts'
import { FanStream } from './fan-stream.ts'
import type { Interval } from './statistics.ts'
import type { Admission, Frame, Promotion } from './wire.ts'

/**
 * `shopper` goes in and buys. `reconnect` does so after losing its connection in the line. `leave` gives its place
 * back. `no-show` is admitted and never enters, `abandon` enters and never finishes: both let the lease expire.
 */
export type Role = 'shopper' | 'reconnect' | 'leave' | 'no-show' | 'abandon'
export type Outcome = 'unfinished' | 'completed' | 'left' | 'walked-away' | 'failed'

export type FanRecord = {
  readonly role: Role
  outcome: Outcome
  failure: string | null
  joinNumber: number | null
  joinedAtMs: number | null
  /** When the promotion reached this fan, on this machine's clock. */
  notifiedAtMs: number | null
  /** When the server says that it admitted this fan. */
  admittedAtMs: number | null
  gaveUpAtMs: number | null
  /** Until when this fan surely held its admission: it asked for the end then, or the lease ran out. */
  insideUntilMs: number | null
  positionIncreases: number
  tokenChanges: number
  placesLost: number
  present: readonly Interval[]
}

export type World = {
  readonly api: Api
  readonly streamUrl: URL
  readonly signal: AbortSignal
  readonly shopMs: { readonly min: number; readonly max: number }
  readonly leaseTtlMs: number
  /** The order of the joins as they were answered, for a server that does not number them. */
  readonly nextJoinNumber: () => number
}

/** How soon a fan in the line gets restless, for those who leave or lose the connection. */
const RESTLESS_MS = { min: 300, max: 3_000 }
const AWAY_MS = { min: 300, max: 1_500 }
/** The contract: an end is told on the stream. This is far above the server's tick. */
const END_TOLD_WITHIN_MS = 15_000

export function newRecord(role: Role): FanRecord {
  return {
    role,
    outcome: 'unfinished',
    failure: null,
    joinNumber: null,
    joinedAtMs: null,
    notifiedAtMs: null,
    admittedAtMs: null,
    gaveUpAtMs: null,
    insideUntilMs: null,
    positionIncreases: 0,
    tokenChanges: 0,
    placesLost: 0,
    present: [],
  }
}

export class Fan {
  readonly record: FanRecord
  readonly #world: World
  readonly #promoted = Promise.withResolvers<Promotion>()
  readonly #ended = Promise.withResolvers<string>()
  readonly #lost = Promise.withResolvers<never>()
  #bearer = ''
  #stream: FanStream | null = null
  #lastPosition = Infinity
  #entryToken: string | null = null

  constructor(world: World, record: FanRecord) {
    this.#world = world
    this.record = record
    // A fan that finishes first never looks at how it could have been lost.
    this.#lost.promise.catch(() => undefined)
  }

  /** Takes a place in the line. @throws when the server does not give one. */
  async arrive(): Promise<void> {
    const { api, signal, streamUrl, nextJoinNumber } = this.#world
    this.#bearer = (await api.startSession()).token
    const place = await api.join(this.#bearer)
    this.record.joinedAtMs = Date.now()
    this.record.joinNumber = place.joinNumber ?? nextJoinNumber()
    this.#seePosition(place.position)
    this.#stream = new FanStream(streamUrl, this.#bearer, {
      onFrame: (frame, atMs) => this.#see(frame, atMs),
      onLost: (reason) => this.#lost.reject(new Error(reason)),
    })
    // It may have been while the place was asked for, and says so only once.
    signal.throwIfAborted()
    signal.addEventListener('abort', () => this.#lost.reject(signal.reason), { once: true })
    this.#stream.open()
  }

  /** From the line to the end. */
  async live(): Promise<void> {
    try {
      this.record.outcome = await this.#play()
    } finally {
      this.#stream?.drop()
      this.record.present = this.#stream?.present ?? []
    }
  }

  async #play(): Promise<Outcome> {
    switch (this.record.role) {
      case 'leave':
        return this.#leave()
      case 'no-show':
        return this.#walkAway((promotion) => this.#world.api.admission(promotion.admissionId))
      case 'abandon':
        return this.#walkAway((promotion) => this.#world.api.redeem(promotion.entryToken, randomUUID()))
      case 'reconnect':
        await this.#loseConnection()
        return this.#shop()
      case 'shopper':
        return this.#shop()
      default:
        return unreachable(this.record.role)
    }
  }

  async #shop(): Promise<Outcome> {
    const { api, shopMs, leaseTtlMs } = this.#world
    const promotion = await this.#until(this.#promoted.promise)
    this.#admittedAs(await api.redeem(promotion.entryToken, randomUUID()))
    if (this.record.role === 'reconnect') this.#seeToken((await api.place(this.#bearer)).entryToken)
    let leftMs = between(shopMs)
    while (leftMs > 0) {
      const stepMs = Math.min(leftMs, leaseTtlMs / 3)
      await this.#pause(stepMs)
      leftMs -= stepMs
      if (leftMs > 0) await api.renew(promotion.admissionId)
    }
    this.record.insideUntilMs = Date.now()
    await api.complete(promotion.admissionId)
    await this.#hearEnd('completed', END_TOLD_WITHIN_MS)
    return 'completed'
  }

  async #leave(): Promise<Outcome> {
    const promotion = await this.#restless()
    if (promotion !== null) this.#admittedAs(await this.#world.api.admission(promotion.admissionId))
    this.record.gaveUpAtMs = Date.now()
    if (promotion !== null) this.record.insideUntilMs = this.record.gaveUpAtMs
    await this.#world.api.leave(this.#bearer)
    await this.#hearEnd('left', END_TOLD_WITHIN_MS)
    return 'left'
  }

  async #walkAway(lastSignOfLife: (promotion: Promotion) => Promise<Admission>): Promise<Outcome> {
    const promotion = await this.#until(this.#promoted.promise)
    const admission = await lastSignOfLife(promotion)
    this.#admittedAs(admission)
    this.record.insideUntilMs = admission.leaseExpiresAt
    await this.#hearEnd('expired', admission.leaseExpiresAt - Date.now() + END_TOLD_WITHIN_MS)
    return 'walked-away'
  }

  /** The connection breaks and the fan comes back: the place must be the same one. INV-3, INV-4. */
  async #loseConnection(): Promise<void> {
    await this.#restless()
    this.#stream?.drop()
    await this.#pause(between(AWAY_MS))
    const place = await this.#world.api.join(this.#bearer)
    const isSame = place.joinNumber === undefined || place.joinNumber === this.record.joinNumber
    if (!isSame || (place.state !== 'WAITING' && place.state !== 'ADMITTED')) this.record.placesLost += 1
    this.#seePosition(place.position)
    this.#stream?.open()
  }

  #restless(): Promise<Promotion | null> {
    return this.#until(
      Promise.race([this.#promoted.promise, this.#pause(between(RESTLESS_MS)).then(() => null)]),
    )
  }

  #see(frame: Frame, atMs: number): void {
    switch (frame.type) {
      case 'QUEUE_POSITION':
        return this.#seePosition(frame.position)
      case 'PROMOTED':
        this.record.notifiedAtMs ??= atMs
        this.#seeToken(frame.entryToken)
        return this.#promoted.resolve(frame)
      case 'END':
        this.#stream?.drop()
        if (this.record.notifiedAtMs === null && this.record.gaveUpAtMs === null) {
          this.#lost.reject(new Error(`the line sent a waiting fan away: ${frame.reason}`))
        }
        return this.#ended.resolve(frame.reason)
      case 'HEARTBEAT':
      case 'EVENT_STATUS':
        return
    }
  }

  #seePosition(position: number | null): void {
    if (position === null) return
    if (position > this.#lastPosition) this.record.positionIncreases += 1
    this.#lastPosition = position
  }

  #seeToken(token: string | null): void {
    if (token !== null && this.#entryToken !== null && token !== this.#entryToken)
      this.record.tokenChanges += 1
    this.#entryToken ??= token
  }

  #admittedAs(admission: Admission): void {
    this.record.admittedAtMs = admission.admittedAt
  }

  async #hearEnd(expected: string, withinMs: number): Promise<void> {
    const reason = await this.#until(
      Promise.race([this.#ended.promise, this.#pause(withinMs).then(() => 'silence')]),
    )
    if (reason !== expected)
      throw new Error(`the stream should end with ${expected}, it ended with ${reason}`)
  }

  #until<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#lost.promise])
  }

  /** Without keeping the process alive: a pause that lost its race is of no interest to anybody. */
  #pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#world.signal, ref: false })
  }
}

function between({ min, max }: { readonly min: number; readonly max: number }): number {
  return min + Math.random() * (max - min)
}
