/** The streams of one line without bytes: who listens, and what each was shown. It follows src/durable/line-streams.ts. */
import type { LineFailure } from '../../src/core/failures.ts'
import * as visitors from '../../src/core/line-visitors.ts'
import type { EndReason, Notice } from '../../src/core/records.ts'
import { err, ok, type Result } from '../../src/core/result.ts'
import { LineMeters } from '../../src/durable/line-meters.ts'
import { RemoteStreams } from '../../src/durable/remote-streams.ts'
import type { LineLink, LineRows, Streams } from '../../src/ports/line-host.ts'
import type {
  FollowAnswer,
  FollowRequest,
  RemoteOpened,
  RemoteOpening,
} from '../../src/ports/stream-shards.ts'
import type { SimHost } from './host.ts'
import type { World } from './world.ts'

/** Nobody reads it. */
const BODY = new ReadableStream<Uint8Array>()

export class SimStreams implements Streams {
  readonly #link: LineLink
  readonly #rows: LineRows
  readonly #host: SimHost
  readonly #world: World
  readonly #remote: RemoteStreams
  /** Those whose stream the line itself holds. */
  readonly listeners = new Set<string>()

  constructor(link: LineLink, rows: LineRows, host: SimHost, world: World) {
    this.#link = link
    this.#rows = rows
    this.#host = host
    this.#world = world
    const deps = { ...link, rows, meters: new LineMeters() }
    this.#remote = new RemoteStreams(deps, (userId) => this.listeners.has(userId))
  }

  get size(): number {
    return this.listeners.size + this.#remote.size
  }

  has(userId: string): boolean {
    return this.listeners.has(userId) || this.#remote.has(userId)
  }

  get remoteSize(): number {
    return this.#remote.size
  }

  open(userId: string, joins: boolean, resumed: boolean): Result<ReadableStream<Uint8Array>, LineFailure> {
    const line = this.#link.line()
    if (line === null) return err({ reason: 'event-not-found' })
    const isLive = line.waiting.get(userId) !== undefined || line.ledger.ofUser(userId) !== undefined
    const ended = isLive ? null : this.#rows.latestPlace(userId)
    if (!isLive && joins && !(resumed && ended !== null)) {
      const joined = visitors.join(line, userId, this.#link.nowMs())
      this.#link.commit(joined)
      if (!joined.value.ok) return joined.value
    } else if (!isLive && ended === null) {
      return err({ reason: 'not-in-queue' })
    }
    if (isLive || joins) {
      this.#remote.replace(userId)
      this.listeners.add(userId)
      this.#changed(userId, true)
    }
    return ok(BODY)
  }

  openRemote(request: RemoteOpening): Result<RemoteOpened, LineFailure> {
    const opened = this.#remote.open(request)
    if (!opened.ok) return opened
    this.listeners.delete(request.userId)
    return ok(this.#host.streamShards.saidOpened(request, opened.value))
  }

  async follow(request: FollowRequest): Promise<FollowAnswer> {
    const answer = await this.#remote.follow(request)
    return this.#host.streamShards.saidNews(request, answer)
  }

  joined(userId: string): void {
    const line = this.#link.line()
    if (line !== null) this.#remote.joined(line, userId)
  }

  /** Nobody sells seats here. */
  seatsChanged(): void {}

  dropChanged(): void {}

  announce(notices: readonly Notice[]): void {
    this.#remote.announce(notices)
    for (const notice of notices) {
      if (notice.kind === 'status_changed' || !this.listeners.has(notice.userId)) continue
      this.show(notice.userId)
    }
  }

  tick(): Promise<void> {
    this.#remote.tick()
    for (const userId of this.listeners) this.show(userId)
    return Promise.resolve()
  }

  endAll(_reason: EndReason): void {
    this.listeners.clear()
    this.#remote.endAll()
  }

  /** The visitor's connection is gone. */
  close(userId: string): void {
    if (this.listeners.delete(userId)) this.#changed(userId, false)
  }

  /** What the visitor sees at this moment. */
  show(userId: string): void {
    const line = this.#link.line()
    if (line === null || this.#host.streams !== this) return
    const visitor = line.waiting.get(userId)
    if (visitor !== undefined) {
      this.#world.oracle.shownPosition(this.#host, visitor.joinNumber, line.waiting.position(visitor))
      return
    }
    const admission = line.ledger.ofUser(userId)
    if (admission === undefined) this.listeners.delete(userId)
    else this.#world.oracle.shownToken(admission.admissionId, admission.token)
  }

  #changed(userId: string, isOpen: boolean): void {
    const line = this.#link.line()
    if (line !== null) this.#link.commit(visitors.streamChanged(line, userId, isOpen, this.#link.nowMs()))
  }
}
