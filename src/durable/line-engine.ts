/**
 * One event's line at work: load, decide (src/core), save, act. Every decision and its rows share one synchronous
 * block, so no other call can come between them (INV-2 to INV-6); what visitors hear of a decision waits until its
 * rows are durable. It runs on a host (a Durable Object, or a simulated one) and imports no platform.
 */
import type { EventAction } from '../core/event-config.ts'
import { NO_EVENT, type LineFailure } from '../core/failures.ts'
import type { JoinReport } from '../core/join-windows.ts'
import * as admissions from '../core/line-admissions.ts'
import * as operator from '../core/line-operator.ts'
import type { LineSeries } from '../core/line-series.ts'
import { countsOf, newLine, restoreLine, type LineState } from '../core/line-state.ts'
import { admissionView, eventDetailView, eventStatusView, placeView } from '../core/line-views.ts'
import * as visitors from '../core/line-visitors.ts'
import { progressView } from '../core/progress.ts'
import {
  decision,
  type AdmissionRecord,
  type Change,
  type Decision,
  type EventRecord,
  type Notice,
} from '../core/records.ts'
import { err, ok, type Result } from '../core/result.ts'
import { ScaleRule, UNSCALED, type LineScale } from '../core/scale.ts'
import { nextTickMs, nextWakeMs } from '../core/schedule.ts'
import type { DropNews } from '../core/drop-news.ts'
import type { SeatsNews } from '../core/seats-feed.ts'
import type { EpochMs } from '../core/time.ts'
import type {
  Admission,
  EventDetail,
  EventStatus,
  EventVisit,
  Outcome,
  Place,
  Progress,
} from '../core/views.ts'
import { errorFields, log } from '../observability/log.ts'
import type { Receipt, WebhookSourceApi } from '../outbound/message.ts'
import type { LineHost, LineLink, Promoting, ShopNews, Streams } from '../ports/line-host.ts'
import type { LineConsoleApi } from '../ports/line-console.ts'
import type {
  Changed,
  ConfigureRequest,
  JoinBlockAnswer,
  Joined,
  LineApi,
  LineMetrics,
  LineResult,
  LineSeatsApi,
  LineShardsApi,
} from '../ports/lines.ts'
import type { PoolConfig } from '../ports/registry.ts'
import type {
  FollowAnswer,
  FollowRequest,
  LineStreamsApi,
  RemoteOpened,
  RemoteOpening,
} from '../ports/stream-shards.ts'
import { BlockJoins } from './block-joins.ts'
import type { LineMeters } from './line-meters.ts'
import { Retention } from './retention.ts'
import type { OpenedStream } from './stream-response.ts'

/** How long a join of a passthrough event waits for its admission before it answers WAITING. */
const PASSTHROUGH_WAIT_MS = 1_000
/** An alarm that is this far from where it should be will not ring. */
const ALARM_DEAD_MS = 5_000

export type LineParts = {
  readonly meters: LineMeters
  readonly series: LineSeries
  readonly streams: (link: LineLink) => Streams
  readonly promotion: (link: LineLink) => Promoting
  /** Null: there is no shop to tell. */
  readonly news?: ShopNews | null
}

type EngineApi = Omit<LineApi, 'fetch' | 'reassertPool' | keyof LineConsoleApi>

export class LineEngine implements EngineApi, LineShardsApi, LineStreamsApi, LineSeatsApi, WebhookSourceApi {
  readonly #host: LineHost
  readonly #meters: LineMeters
  readonly #series: LineSeries
  readonly #streams: Streams
  readonly #promotion: Promoting
  readonly #retention: Retention
  readonly #news: ShopNews | null
  readonly #blockJoins: BlockJoins
  readonly #scaleRule = new ScaleRule()
  #line: LineState | null
  #alarmAtMs: number | null = null
  #updatedAtMs: number

  constructor(host: LineHost, parts: LineParts) {
    this.#host = host
    this.#meters = parts.meters
    this.#series = parts.series
    const nowMs = host.nowMs()
    this.#updatedAtMs = nowMs
    const snapshot = host.rows.load(nowMs)
    this.#line = snapshot === null ? null : restoreLine(snapshot, nowMs)
    const link: LineLink = {
      line: () => this.#line,
      nowMs: host.nowMs,
      wait: host.wait,
      commit: (made) => this.#commit(made),
    }
    this.#streams = parts.streams(link)
    this.#promotion = parts.promotion(link)
    this.#retention = new Retention(host.rows, host.endedRetentionMs)
    this.#news = parts.news ?? null
    this.#blockJoins = new BlockJoins({
      ...link,
      background: host.background,
      joined: (created) => this.#meters.count('joins_total', created),
      admit: () => this.#promoteAWhile(),
    })
  }

  // --- The operator -------------------------------------------------------------------------------------------------

  configure(request: ConfigureRequest): Promise<LineResult<Changed & { readonly created: boolean }>> {
    const nowMs = this.#host.nowMs()
    const line = this.#line
    if (line === null) {
      if (request.mode === 'patch') return Promise.resolve(NO_EVENT)
      this.#host.rows.create()
      const event = operator.newEvent(request.eventId, request.config, request.pool, nowMs, this.#host.draw)
      this.#line = newLine(event)
      this.#commit(decision(null, [{ kind: 'event_saved', event }]))
      return Promise.resolve(ok({ created: true, ...this.#changed(this.#line, null) }))
    }
    const config = request.mode === 'replace' ? request.config : { ...line.event.config, ...request.change }
    const isWished = request.mode === 'replace' ? request.statusGiven : request.change.status !== undefined
    const wish = isWished ? config.status : null
    const before = line.event
    const decided = operator.reconfigure(line, config, request.pool, wish, nowMs, this.#host.draw)
    return this.#decided(decided, line, () => ({ created: false, ...this.#changed(line, before) }))
  }

  async act(action: EventAction): Promise<LineResult<Changed>> {
    const line = this.#line
    if (line === null) return NO_EVENT
    const before = line.event
    const decided = operator.act(line, action, this.#host.nowMs(), this.#host.draw)
    return this.#decided(decided, line, () => this.#changed(line, before))
  }

  async remove(): Promise<LineResult<null>> {
    const line = this.#line
    if (line === null) return NO_EVENT
    if (line.event.status !== 'closed') return err({ reason: 'event-not-closed' })
    if (this.#promotion.isHolding) return err({ reason: 'store-unavailable' })
    for (const record of line.ledger.live()) {
      this.#commit(admissions.end(line, record, 'revoked', this.#host.nowMs()))
    }
    await this.#promotion.promote()
    const isSent = await this.#isNewsSent(line)
    // Opened again meanwhile.
    if (line.event.status !== 'closed') return err({ reason: 'event-not-closed' })
    // A lease that the pool has not taken back would hold a slot for nobody, and news that only the rows know would be lost.
    if (!isSent || line.ledger.debtCount > 0 || line.batch !== null)
      return err({ reason: 'store-unavailable' })
    this.#line = null
    this.#series.clear()
    this.#streams.endAll('closed')
    this.#alarmAtMs = null
    await this.#host.erase()
    return ok(null)
  }

  async status(): Promise<LineResult<EventStatus>> {
    const line = this.#line
    if (line === null) return NO_EVENT
    const etaSeconds = visitors.eta(line, line.waiting.size + 1, this.#host.nowMs())
    return ok(
      eventStatusView(line.event, countsOf(line, this.#isHolding(line)), etaSeconds, this.#updatedAtMs),
    )
  }

  async progress(): Promise<LineResult<Progress>> {
    const line = this.#line
    if (line === null) return NO_EVENT
    return ok(progressView(line, this.#isHolding(line), this.#updatedAtMs, this.#host.nowMs()))
  }

  async visit(userId: string | null): Promise<LineResult<EventVisit>> {
    const line = this.#line
    if (line === null) return NO_EVENT
    const pacePerMinute = line.event.status === 'open' ? line.pace.perMinute(this.#host.nowMs()) : null
    const place = userId === null ? null : await this.place(userId)
    const status = await this.status()
    if (!status.ok) return status
    return ok({ status: status.value, pacePerMinute, place: place?.ok === true ? place.value : null })
  }

  async detail(): Promise<LineResult<EventDetail>> {
    return this.#line === null ? NO_EVENT : ok(this.#detail(this.#line))
  }

  /** Whether a stream of the visitor is open, wherever it is held. */
  isStreaming(userId: string): boolean {
    return this.#streams.has(userId)
  }

  /** The state itself, for whoever shows it in the same synchronous block. */
  line(): LineState | null {
    return this.#line
  }

  // --- The visitor --------------------------------------------------------------------------------------------------

  async join(userId: string): Promise<LineResult<Joined>> {
    const line = this.#line
    if (line === null) return NO_EVENT
    const joined = await this.#join(line, userId)
    const scale = this.#scaleAfter(line, 1)
    return joined.ok && scale !== UNSCALED ? ok({ ...joined.value, scale }) : joined
  }

  /** The joins of a window of a shard; see LineShardsApi. */
  async joinBlock(report: JoinReport): Promise<LineResult<JoinBlockAnswer>> {
    const answers = await this.#blockJoins.report(report)
    const line = this.#line
    if (!answers.ok) return answers
    const scale = line === null ? UNSCALED : this.#scaleAfter(line, report.joiners.length)
    return ok({ answers: answers.value, ...(scale !== UNSCALED && { scale }) })
  }

  async #join(line: LineState, userId: string): Promise<LineResult<Joined>> {
    const decided = visitors.join(line, userId, this.#host.nowMs())
    this.#commit(decided)
    if (!decided.value.ok || !decided.value.value.created) return decided.value
    this.#meters.count('joins_total')
    if (line.event.config.queueing !== 'passthrough') return decided.value
    await this.#promoteAWhile()
    const live = visitors.livePlace(line, userId, this.#host.nowMs())
    if (live !== null) this.#commit(live)
    return ok({ created: true, place: live?.value ?? decided.value.value.place })
  }

  /** Who joins a passthrough event hears of the admission with the answer, unless that takes too long. */
  async #promoteAWhile(): Promise<void> {
    await Promise.race([this.#promotion.promote(), this.#host.wait(PASSTHROUGH_WAIT_MS)])
  }

  /** Where the event's visitors should ask from now on, after so many more have asked to join. */
  #scaleAfter(line: LineState, joins: number): LineScale {
    const nowMs = this.#host.nowMs()
    this.#scaleRule.joined(joins, nowMs)
    const { expectedPeak } = line.event.config
    return this.#scaleRule.scale({ streams: this.#streams.size, expectedPeak }, nowMs)
  }

  async place(userId: string): Promise<LineResult<Place>> {
    const line = this.#line
    if (line === null) return NO_EVENT
    const live = visitors.livePlace(line, userId, this.#host.nowMs())
    if (live !== null) {
      this.#commit(live)
      return ok(live.value)
    }
    const ended = this.#host.rows.latestPlace(userId)
    if (ended === null) return err({ reason: 'not-in-queue' })
    return ok(placeView(line.event.eventId, ended, line.waiting.size, {}))
  }

  async leave(userId: string): Promise<LineResult<{ admissionId: string | null }>> {
    const line = this.#line
    if (line === null) return NO_EVENT
    const left = visitors.leave(line, userId, this.#host.nowMs())
    this.#commit(left)
    return ok({ admissionId: left.value })
  }

  /** The body of the visitor's stream; see LineApi.fetch. */
  openStream(userId: string, joins: boolean, resumed: boolean): Result<OpenedStream, LineFailure> {
    const opened = this.#streams.open(userId, joins, resumed)
    const scale = this.#afterOpening(opened.ok && joins)
    return opened.ok ? ok({ body: opened.value, ...(scale !== UNSCALED && { scale }) }) : opened
  }

  /** Streams of a shard, in one synchronous block and so with one commit; see LineStreamsApi. */
  async openRemote(requests: readonly RemoteOpening[]): Promise<readonly LineResult<RemoteOpened>[]> {
    return requests.map((request) => this.#openRemote(request))
  }

  #openRemote(request: RemoteOpening): LineResult<RemoteOpened> {
    const opened = this.#streams.openRemote(request)
    const scale = this.#afterOpening(opened.ok && request.joins)
    return opened.ok && scale !== UNSCALED ? ok({ ...opened.value, scale }) : opened
  }

  /** A shard asks for what is new; see LineStreamsApi. */
  async follow(request: FollowRequest): Promise<FollowAnswer> {
    const answer = this.#streams.follow(request)
    this.#arm()
    const news = await answer
    // A position that a crash could take back must not be shown (INV-8).
    await this.#host.durable()
    return news
  }

  /** The seat office tells of seats that have changed; see LineSeatsApi. */
  async seatsChanged(news: SeatsNews): Promise<void> {
    if (this.#line !== null) this.#streams.seatsChanged(news)
  }

  /** A drop behind the event stands otherwise; see LineDropsApi. */
  async dropChanged(news: DropNews): Promise<void> {
    if (this.#line !== null) this.#streams.dropChanged(news)
  }

  #afterOpening(joins: boolean): LineScale {
    const line = this.#line
    if (line === null) return UNSCALED
    // Who joined by opening the stream is let in as soon as who joined by asking for it.
    if (joins && line.event.config.queueing === 'passthrough')
      this.#host.background(this.#promotion.promote())
    this.#arm()
    return this.#scaleAfter(line, joins ? 1 : 0)
  }

  // --- The shop -----------------------------------------------------------------------------------------------------

  redeem(request: { admissionId: string; sessionDigest: string }): Promise<LineResult<Admission>> {
    return this.#onAdmission(request.admissionId, 'admission-ended', (line, record, nowMs) => {
      const decided = admissions.redeem(line, record, request.sessionDigest, nowMs)
      if (decided.changes.length > 0) this.#meters.count('redemptions_total')
      return decided
    })
  }

  admission(admissionId: string): Promise<LineResult<Admission>> {
    return this.#onAdmission(admissionId, 'admission-not-found', (line, record) =>
      decision(ok(admissionView(line.event.eventId, record))),
    )
  }

  renew(admissionId: string): Promise<LineResult<Admission>> {
    return this.#onAdmission(admissionId, 'admission-not-found', admissions.renew)
  }

  release(admissionId: string, outcome: 'completed' | 'cancelled'): Promise<LineResult<Admission>> {
    return this.#end(admissionId, outcome)
  }

  revoke(admissionId: string): Promise<LineResult<Admission>> {
    return this.#end(admissionId, 'revoked')
  }

  // --- What the shop is told ----------------------------------------------------------------------------------------

  async webhooksHeard(receipts: readonly Receipt[]): Promise<void> {
    if (this.#line === null) return
    this.#news?.heard(receipts, this.#host.nowMs())
    this.#arm()
  }

  async #tellShop(line: LineState, news: ShopNews): Promise<void> {
    await news.tick(line.event.eventId, this.#host.nowMs())
    this.#arm()
  }

  /** Whether nothing is left that only the rows know. */
  async #isNewsSent(line: LineState): Promise<boolean> {
    try {
      await this.#news?.empty(line.event.eventId)
      return true
    } catch (error) {
      log.warn('webhooks_not_queued', { eventId: line.event.eventId, ...errorFields(error) })
      return false
    }
  }

  // --- The watchdog, the pool, the clock ----------------------------------------------------------------------------

  async watch(scheduledTimeMs: number): Promise<LineResult<{ active: boolean }>> {
    const line = this.#line
    if (line === null) return NO_EVENT
    this.#meters.count('watches_total')
    if (await this.#isAlarmDead(line)) {
      log.warn('alarm_rearmed', { eventId: line.event.eventId, scheduledTimeMs })
      this.#alarmAtMs = null
      this.#tick(line)
    }
    await this.#promotion.reconcile()
    if (this.#line === line) this.#retention.watch(this.#host.nowMs())
    this.#arm()
    if (this.#line === line) this.#series.flush(this.#host.nowMs())
    const isOver =
      line.event.status === 'closed' && line.ledger.liveCount === 0 && line.ledger.debtCount === 0
    return ok({ active: !isOver })
  }

  async #isAlarmDead(line: LineState): Promise<boolean> {
    if (nextWakeMs(line, this.#streams.size, this.#host.nowMs()) === null) return false
    const alarmAtMs = await this.#host.getAlarm()
    const nowMs = this.#host.nowMs()
    const wakeAtMs = nextWakeMs(line, this.#streams.size, nowMs)
    return wakeAtMs !== null && isDead(alarmAtMs, wakeAtMs, nowMs)
  }

  /** `eventId`: the object's name, since an event that was never configured has none of its own. */
  async reassertPool(eventId: string, poolId: string): Promise<void> {
    await this.#promotion.reassert(eventId, poolId)
  }

  async poolChanged(pool: PoolConfig): Promise<void> {
    if (this.#line === null) return
    this.#commit(operator.poolChanged(this.#line, pool))
    this.#host.background(this.#promotion.promote())
  }

  async metrics(): Promise<LineResult<LineMetrics>> {
    const line = this.#line
    if (line === null) return NO_EVENT
    return ok(
      this.#meters.snapshot(line.event.eventId, {
        waiting: line.waiting.size,
        present: line.waiting.presentCount,
        live_admissions: line.ledger.liveCount,
        streams: this.#streams.size,
        capacity: line.event.config.capacity,
        promotions_per_second: this.#meters.promotionsPerSecond(this.#host.nowMs()),
        holding: Number(this.#isHolding(line)),
      }),
    )
  }

  /** The host's alarm has rung. */
  async alarm(): Promise<void> {
    const line = this.#line
    const dueAtMs = this.#alarmAtMs
    this.#alarmAtMs = null
    if (line === null) return
    // Armed again before anything can fail: an alarm that throws after this still comes back in a second.
    this.#arm()
    if (dueAtMs !== null) this.#meters.observeMs('tick_lag_seconds', this.#host.nowMs() - dueAtMs)
    try {
      this.#tick(line)
    } catch (error) {
      log.error('tick_failed', { eventId: line.event.eventId, error: String(error) })
    }
    this.#arm()
  }

  /** Schedule, silence, leases, promotion and positions. Running it twice, late or early changes nothing but delay. */
  #tick(line: LineState): void {
    const nowMs = this.#host.nowMs()
    this.#meters.count('ticks_total')
    line.tickBudget = line.event.config.batchSizeMax
    this.#commit(operator.followSchedule(line, nowMs, this.#host.draw))
    const silent = visitors.expireSilent(line, nowMs)
    this.#commit(silent)
    this.#meters.count('places_expired_total', silent.value.expired)
    const expired = admissions.expireLeases(line, nowMs)
    this.#commit(expired)
    this.#meters.count('admissions_ended_total', expired.value.ended)
    this.#meters.count('no_shows_total', expired.value.noShows)
    // Side by side: a slow Redis delays admissions, never positions.
    this.#host.background(this.#promotion.promote())
    this.#host.background(this.#showPositions())
    if (this.#news !== null) this.#host.background(this.#tellShop(line, this.#news))
    this.#promotion.reportThroughput(nowMs)
    this.#retention.tick(nowMs)
    this.#observe(line, [])
    this.#series.tick(nowMs)
  }

  // --- Deciding and saving ------------------------------------------------------------------------------------------

  #end(admissionId: string, outcome: Outcome): Promise<LineResult<Admission>> {
    return this.#onAdmission(admissionId, 'admission-not-found', (line, record, nowMs) => {
      const decided = admissions.end(line, record, outcome, nowMs)
      if (decided.changes.length > 0) this.#meters.count('admissions_ended_total')
      return decided
    })
  }

  async #onAdmission<T>(
    admissionId: string,
    otherwise: 'admission-not-found' | 'admission-ended',
    decide: (line: LineState, record: AdmissionRecord, nowMs: number) => Decision<Result<T, LineFailure>>,
  ): Promise<LineResult<T>> {
    const line = this.#line
    const record =
      line === null ? null : (line.ledger.get(admissionId) ?? this.#host.rows.admission(admissionId))
    if (line === null || record === null) return err({ reason: otherwise })
    const decided = decide(line, record, this.#host.nowMs())
    this.#commit(decided)
    return decided.value
  }

  async #decided<T>(
    decided: Decision<Result<null, LineFailure>>,
    line: LineState,
    answer: () => T,
  ): Promise<LineResult<T>> {
    this.#commit(decided)
    if (!decided.value.ok) return decided.value
    line.tickBudget = Math.max(line.tickBudget, 1)
    this.#host.background(this.#promotion.promote())
    return ok(answer())
  }

  /** Makes a decision durable and lets it be heard. Called in the same synchronous block that made the decision. */
  #commit(made: Decision<unknown>): void {
    if (made.changes.length > 0) {
      try {
        this.#host.rows.apply(made.changes)
        this.#news?.written(made.changes, this.#host.nowMs())
      } catch (error) {
        // Memory is ahead of the rows now; the object starts again from the rows (INV-9).
        this.#host.restart(`storage refused a decision: ${String(error)}`)
        throw error
      }
      this.#updatedAtMs = this.#host.nowMs()
      if (this.#line !== null) this.#observe(this.#line, made.changes)
    }
    for (const change of made.changes) {
      if (change.kind === 'place_joined') this.#streams.joined(change.place.userId)
    }
    if (made.notices.length > 0) this.#host.background(this.#announce(made.notices))
    const isOwing = made.changes.some(
      (change) => change.kind === 'admission_changed' && change.admission.debt !== null,
    )
    if (made.changes.some(isEnd)) this.#retention.ended(this.#host.nowMs())
    if (isOwing) this.#host.background(this.#promotion.promote())
    this.#arm()
  }

  /** A stream's body does not wait for the output gate, so this does. */
  async #announce(notices: readonly Notice[]): Promise<void> {
    await this.#host.durable()
    this.#streams.announce(notices)
  }

  /** A position that a crash could take back must not be shown (INV-8). */
  async #showPositions(): Promise<void> {
    await this.#host.durable()
    await this.#streams.tick(this.#host.nowMs())
  }

  #arm(): void {
    const line = this.#line
    if (line === null) return
    const nowMs = this.#host.nowMs()
    const newsAtMs = this.#news?.wakeMs() ?? null
    const wakeAtMs = [
      nextWakeMs(line, this.#streams.size, nowMs),
      this.#retention.wakeMs(nowMs),
      // On the grid, so that what happens within a second goes together.
      newsAtMs === null ? null : Math.max(newsAtMs, nextTickMs(nowMs)),
    ].reduce(earliest)
    const isArmed = this.#alarmAtMs !== null && this.#alarmAtMs > nowMs - ALARM_DEAD_MS
    if (wakeAtMs === null || (isArmed && (this.#alarmAtMs ?? 0) <= wakeAtMs)) return
    this.#alarmAtMs = wakeAtMs
    this.#host.background(this.#host.setAlarm(wakeAtMs))
  }

  /** For the charts. A decision that changes nothing is no event in them: the watchdog makes one each minute. */
  #observe(line: LineState, changes: readonly Change[]): void {
    const seen = { streams: this.#streams.size, errorsTotal: this.#meters.total('redis_failures_total') }
    this.#series.observe(line, seen, changes, this.#host.nowMs())
  }

  #isHolding(line: LineState): boolean {
    return line.event.status === 'open' && this.#promotion.isHolding
  }

  #changed(line: LineState, before: EventRecord | null): Changed {
    return { detail: this.#detail(line), changes: operator.changesSince(before, line.event) }
  }

  #detail(line: LineState): EventDetail {
    return eventDetailView(line.event, countsOf(line, this.#isHolding(line)), this.#streams.size)
  }
}

function isEnd(change: Change): boolean {
  return (
    change.kind === 'place_ended' ||
    (change.kind === 'admission_changed' && change.admission.state === 'ended')
  )
}

/** Lost, failed too often, or set by a clock that has since jumped back. */
function isDead(alarmAtMs: EpochMs | null, wakeAtMs: EpochMs, nowMs: EpochMs): boolean {
  return alarmAtMs === null || alarmAtMs < nowMs - ALARM_DEAD_MS || alarmAtMs > wakeAtMs + ALARM_DEAD_MS
}

function earliest(a: EpochMs | null, b: EpochMs | null): EpochMs | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b)
}
