/**
 * The streams of one life of a stream shard, and how they follow the line: one call after the other, which the line holds
 * until its next tick or until there is news. While the line is away the streams stay, with their heartbeats, and are
 * told nothing; what closed meanwhile is told when it is back.
 */
import { withinTime } from '../bounded.ts'
import type { EventStatusName } from '../core/event-config.ts'
import type { LineFailure } from '../core/failures.ts'
import { FOLLOW_RETRY_MS, FOLLOW_TIMEOUT_MS, OPEN_TIMEOUT_MS, TICK_MS } from '../core/limits.ts'
import { ok, type Result } from '../core/result.ts'
import type { StreamView } from '../core/stream-view.ts'
import type { EpochMs } from '../core/time.ts'
import type { FollowAnswer, LineStreamsApi, RemoteOpened } from '../ports/stream-shards.ts'
import { FollowReport } from './follow-report.ts'
import { HeldStreams, type HeldStream } from './held-streams.ts'
import { LineTime } from './line-time.ts'
import { OpeningCalls } from './opening-calls.ts'
import { StreamHub } from './stream-hub.ts'
import { noFeeds } from './stream-news.ts'
import type { OpenedStream } from './stream-response.ts'
import { retryMs } from './stream-retry.ts'

export type ShardStreamsDeps = {
  readonly line: LineStreamsApi
  /** Of this life of the shard, and of no other. */
  readonly follower: string
  readonly nowMs: () => EpochMs
  readonly wait: (ms: number) => Promise<void>
  /** Keeps the shard awake until the work is done. */
  readonly background: (work: Promise<unknown>) => void
  /** How long the next stream may live; see StreamHub. */
  readonly streamLifeMs?: () => number
}

export class ShardStreams {
  readonly #deps: ShardStreamsDeps
  readonly #hub: StreamHub
  readonly #held = new HeldStreams()
  readonly #feeds = noFeeds()
  readonly #report: FollowReport
  readonly #time: LineTime
  readonly #calls: OpeningCalls
  /** What streams are to be shown in the next pass. */
  readonly #views = new Map<HeldStream, StreamView>()
  /** Openings under way, with what the line told of them meanwhile. */
  readonly #opening = new Map<number, StreamView | null>()
  #openings = 0
  #status: EventStatusName | null = null
  #isFollowing = false
  #isShowing = false

  constructor(deps: ShardStreamsDeps) {
    this.#deps = deps
    this.#time = new LineTime(deps.nowMs)
    this.#report = new FollowReport(deps.follower)
    // A timer for each call and none for each opening: thousands that ring one after the other hold up all others.
    this.#calls = new OpeningCalls((requests) =>
      withinTime(deps.line.openRemote(requests), OPEN_TIMEOUT_MS, deps.wait),
    )
    this.#hub = new StreamHub(
      {
        closed: (userId) => this.#report.closed(this.#take(userId)),
        retired: (userId) => this.#report.retired(this.#take(userId)),
        wrote: (frames) => this.#report.wrote(frames),
        skipped: () => this.#report.skipped(),
      },
      deps.streamLifeMs,
      this.#feeds,
    )
  }

  get size(): number {
    return this.#hub.size
  }

  /**
   * The body of a visitor's stream; `joins` and `resumed` as in Streams.open.
   * @throws Error when the line could not be asked, or did not answer in time.
   */
  async open(userId: string, joins: boolean, resumed: boolean): Promise<Result<OpenedStream, LineFailure>> {
    this.#openings += 1
    const stream = this.#openings
    this.#opening.set(stream, null)
    this.#startFollowing()
    try {
      const { follower } = this.#deps
      const opened = await this.#calls.open({ follower, stream, userId, joins, resumed })
      if (!opened.ok) return opened
      const { scale } = opened.value
      return ok({ body: this.#begin(userId, stream, opened.value), ...(scale !== undefined && { scale }) })
    } catch (error) {
      // Whether the line has opened it is not known: then it is closed, and what the visitor had before is still there.
      this.#report.neverOpened(stream, this.#held.get(userId))
      throw error
    } finally {
      this.#opening.delete(stream)
    }
  }

  #begin(userId: string, stream: number, opened: RemoteOpened): ReadableStream<Uint8Array> {
    const { eventId, view, status } = opened
    this.#time.heard(opened.nowMs)
    const nowMs = this.#time.nowMs()
    const opening = { eventId, status, retryMs: retryMs(this.#hub.size), nowMs }
    // Answers can come out of order: a newer stream of the same visitor is there already.
    if ((this.#held.get(userId)?.stream ?? 0) > stream) {
      return this.#spare().open(userId, { ...opening, view: { kind: 'ended', reason: 'replaced' } })
    }
    this.#take(userId)
    const body = this.#hub.open(userId, { ...opening, view })
    if (!this.#hub.has(userId)) return body
    const held = this.#held.add({ userId, stream, openedAtMs: opened.nowMs }, view, nowMs)
    const meanwhile = this.#opening.get(stream)
    if (meanwhile !== null && meanwhile !== undefined) this.#show(held, meanwhile, status)
    return body
  }

  /** For a stream that ends as it begins. */
  #spare(): StreamHub {
    const nothing = (): void => {}
    return new StreamHub({ closed: nothing, retired: nothing, wrote: nothing, skipped: nothing })
  }

  #take(userId: string): HeldStream | undefined {
    const held = this.#held.take(userId)
    if (held !== undefined) this.#views.delete(held)
    return held
  }

  // --- Following ----------------------------------------------------------------------------------------------------

  #startFollowing(): void {
    if (this.#isFollowing) return
    this.#isFollowing = true
    this.#report.tellAll()
    this.#deps.background(this.#follow())
  }

  /** Until there is nothing to follow for, and nothing left to tell. */
  async #follow(): Promise<void> {
    while (this.#hub.size > 0 || this.#opening.size > 0 || this.#report.isOwing) {
      if (await this.#followOnce()) continue
      // The line gives up a shard that is silent: nothing has to be told for that.
      if (this.#hub.size === 0 && this.#opening.size === 0) break
      // Heartbeats go on: the clients are to stay here.
      this.#showAll()
      await this.#deps.wait(FOLLOW_RETRY_MS * (1 + Math.random()))
    }
    this.#isFollowing = false
  }

  /** Whether the line has answered, and is to be asked again at once. */
  async #followOnce(): Promise<boolean> {
    const { line, wait } = this.#deps
    const due = this.#held.due(this.#time.nowMs() + TICK_MS)
    const request = this.#report.request(
      this.#held,
      due.map(({ stream }) => stream),
    )
    try {
      const answer = await withinTime(line.follow(request), FOLLOW_TIMEOUT_MS, wait)
      if (answer.kind !== 'unknown') this.#report.arrived(request)
      this.#hear(answer, due)
      return answer.kind !== 'unknown' || !request.isAll
    } catch {
      // Away, overloaded or slow, and the platform's log has it: the next call says again what this one said.
      return false
    }
  }

  #hear(answer: FollowAnswer, due: readonly HeldStream[]): void {
    if (answer.kind === 'unknown') {
      this.#report.tellAll()
      return
    }
    if (answer.kind === 'over') {
      for (const { userId } of this.#held.all()) this.#hub.end(userId, 'closed', this.#time.nowMs())
      this.#held.clear()
      this.#views.clear()
      return
    }
    this.#report.heard(answer.number)
    this.#time.heard(answer.nowMs)
    if (answer.seats !== null) this.#feeds.seats.add(answer.seats)
    for (const news of answer.drops) this.#feeds.drops.add(news)
    const isNewStatus = this.#status !== answer.status
    this.#status = answer.status
    for (const { userId, stream, view } of answer.news) {
      const held = this.#held.get(userId)
      if (held?.stream === stream) this.#show(held, view, answer.status)
      else if (this.#opening.has(stream)) this.#opening.set(stream, view)
    }
    if (answer.views !== null) this.#takeViews(due, answer.views)
    if (isNewStatus) this.#held.allDue()
    if (answer.views !== null || isNewStatus) this.#showAll()
  }

  /** One stream is told at once, and not by the pass under way, which knows less. */
  #show(held: HeldStream, view: StreamView, status: EventStatusName): void {
    const nowMs = this.#time.nowMs()
    this.#views.delete(held)
    this.#held.shown(held, view, nowMs)
    this.#hub.refresh(held.userId, view, status, nowMs)
    this.#leaveIfOver(held)
  }

  #takeViews(due: readonly HeldStream[], views: readonly (StreamView | null)[]): void {
    const nowMs = this.#time.nowMs()
    for (const [index, held] of due.entries()) {
      if (this.#held.get(held.userId) !== held) continue
      const view = views[index] ?? null
      if (view === null) this.#report.opened(held)
      else if (view.kind === 'ended') this.#show(held, view, this.#status ?? 'open')
      else {
        this.#views.set(held, view)
        this.#held.shown(held, view, nowMs)
      }
    }
  }

  #leaveIfOver({ userId }: HeldStream): void {
    if (!this.#hub.has(userId)) this.#report.closed(this.#take(userId))
  }

  // --- Showing ------------------------------------------------------------------------------------------------------

  #showAll(): void {
    if (this.#isShowing) return
    this.#isShowing = true
    this.#deps.background(this.#pass())
  }

  /** One pass over all streams, in slices. What arrives meanwhile has another pass of its own, so that all have their turn. */
  async #pass(): Promise<void> {
    const status = this.#status
    if (status !== null) {
      await this.#hub.tick(
        (userId) => this.#nextView(userId),
        () => this.#status ?? status,
        this.#time.nowMs(),
        () => false,
      )
    }
    this.#isShowing = false
    if (this.#views.size > 0) this.#showAll()
  }

  #nextView(userId: string): StreamView | null {
    const held = this.#held.get(userId)
    const view = held === undefined ? undefined : this.#views.get(held)
    if (held === undefined || view === undefined) return null
    this.#views.delete(held)
    return view
  }
}
