/** What visitors ask of a line, by themselves or through shards: joining, asking for their place, leaving, listening. */
import { NO_EVENT, type LineFailure } from '../core/failures.ts'
import type { JoinReport } from '../core/join-windows.ts'
import type { LineState } from '../core/line-state.ts'
import { placeView } from '../core/line-views.ts'
import * as visitors from '../core/line-visitors.ts'
import { err, ok, type Result } from '../core/result.ts'
import { ScaleRule, UNSCALED, type LineScale } from '../core/scale.ts'
import type { Place } from '../core/views.ts'
import type { LineHost, LineLink, Promoting, Streams } from '../ports/line-host.ts'
import type { JoinBlockAnswer, Joined, LineApi, LineResult, LineShardsApi } from '../ports/lines.ts'
import type {
  FollowAnswer,
  FollowRequest,
  LineStreamsApi,
  RemoteOpened,
  RemoteOpening,
} from '../ports/stream-shards.ts'
import { BlockJoins } from './block-joins.ts'
import type { LineMeters } from './line-meters.ts'
import type { OpenedStream } from './stream-response.ts'

/** How long a join of a passthrough event waits for its admission before it answers WAITING. */
const PASSTHROUGH_WAIT_MS = 1_000

export type LineVisitsDeps = LineLink & {
  readonly host: Pick<LineHost, 'rows' | 'background' | 'durable'>
  readonly meters: LineMeters
  readonly streams: Streams
  readonly promotion: Promoting
  readonly arm: () => void
}

type VisitsApi = Pick<LineApi, 'join' | 'place' | 'leave'> & LineShardsApi & LineStreamsApi

export class LineVisits implements VisitsApi {
  readonly #deps: LineVisitsDeps
  readonly #blockJoins: BlockJoins
  readonly #scaleRule = new ScaleRule()

  constructor(deps: LineVisitsDeps) {
    this.#deps = deps
    this.#blockJoins = new BlockJoins({
      ...deps,
      background: deps.host.background,
      joined: (created) => deps.meters.count('joins_total', created),
      admit: () => this.#promoteAWhile(),
    })
  }

  async join(userId: string): Promise<LineResult<Joined>> {
    const line = this.#deps.line()
    if (line === null) return NO_EVENT
    const joined = await this.#join(line, userId)
    const scale = this.#scaleAfter(line, 1)
    return joined.ok && scale !== UNSCALED ? ok({ ...joined.value, scale }) : joined
  }

  /** The joins of a window of a shard; see LineShardsApi. */
  async joinBlock(report: JoinReport): Promise<LineResult<JoinBlockAnswer>> {
    const answers = await this.#blockJoins.report(report)
    const line = this.#deps.line()
    if (!answers.ok) return answers
    const scale = line === null ? UNSCALED : this.#scaleAfter(line, report.joiners.length)
    return ok({ answers: answers.value, ...(scale !== UNSCALED && { scale }) })
  }

  async place(userId: string): Promise<LineResult<Place>> {
    const { host, nowMs, commit } = this.#deps
    const line = this.#deps.line()
    if (line === null) return NO_EVENT
    const live = visitors.livePlace(line, userId, nowMs())
    if (live !== null) {
      commit(live)
      return ok(live.value)
    }
    const ended = host.rows.latestPlace(userId)
    if (ended === null) return err({ reason: 'not-in-queue' })
    return ok(placeView(line.event.eventId, ended, line.waiting.size, {}))
  }

  async leave(userId: string): Promise<LineResult<{ admissionId: string | null }>> {
    const line = this.#deps.line()
    if (line === null) return NO_EVENT
    const left = visitors.leave(line, userId, this.#deps.nowMs())
    this.#deps.commit(left)
    return ok({ admissionId: left.value })
  }

  /** The body of the visitor's stream; see LineApi.fetch. */
  openStream(userId: string, joins: boolean, resumed: boolean): Result<OpenedStream, LineFailure> {
    const opened = this.#deps.streams.open(userId, joins, resumed)
    const scale = this.#afterOpening(opened.ok && joins)
    return opened.ok ? ok({ body: opened.value, ...(scale !== UNSCALED && { scale }) }) : opened
  }

  /** Streams of a shard, in one synchronous block and so with one commit; see LineStreamsApi. */
  async openRemote(requests: readonly RemoteOpening[]): Promise<readonly LineResult<RemoteOpened>[]> {
    return requests.map((request) => this.#openRemote(request))
  }

  /** A shard asks for what is new; see LineStreamsApi. */
  async follow(request: FollowRequest): Promise<FollowAnswer> {
    const answer = this.#deps.streams.follow(request)
    this.#deps.arm()
    const news = await answer
    // A position that a crash could take back must not be shown (INV-8).
    await this.#deps.host.durable()
    return news
  }

  async #join(line: LineState, userId: string): Promise<LineResult<Joined>> {
    const { nowMs, commit, meters } = this.#deps
    const decided = visitors.join(line, userId, nowMs())
    commit(decided)
    if (!decided.value.ok || !decided.value.value.created) return decided.value
    meters.count('joins_total')
    if (line.event.config.queueing !== 'passthrough') return decided.value
    await this.#promoteAWhile()
    const live = visitors.livePlace(line, userId, nowMs())
    if (live !== null) commit(live)
    return ok({ created: true, place: live?.value ?? decided.value.value.place })
  }

  /** Who joins a passthrough event hears of the admission with the answer, unless that takes too long. */
  async #promoteAWhile(): Promise<void> {
    await Promise.race([this.#deps.promotion.promote(), this.#deps.wait(PASSTHROUGH_WAIT_MS)])
  }

  #openRemote(request: RemoteOpening): LineResult<RemoteOpened> {
    const opened = this.#deps.streams.openRemote(request)
    const scale = this.#afterOpening(opened.ok && request.joins)
    return opened.ok && scale !== UNSCALED ? ok({ ...opened.value, scale }) : opened
  }

  #afterOpening(joins: boolean): LineScale {
    const { host, promotion, arm } = this.#deps
    const line = this.#deps.line()
    if (line === null) return UNSCALED
    // Who joined by opening the stream is let in as soon as who joined by asking for it.
    if (joins && line.event.config.queueing === 'passthrough') host.background(promotion.promote())
    arm()
    return this.#scaleAfter(line, joins ? 1 : 0)
  }

  /** Where the event's visitors should ask from now on, after so many more have asked to join. */
  #scaleAfter(line: LineState, joins: number): LineScale {
    const nowMs = this.#deps.nowMs()
    this.#scaleRule.joined(joins, nowMs)
    const { expectedPeak } = line.event.config
    return this.#scaleRule.scale({ streams: this.#deps.streams.size, expectedPeak }, nowMs)
  }
}
