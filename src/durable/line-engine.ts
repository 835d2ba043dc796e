/**
 * One event's line at work: load, decide (src/core), save, act. Every decision and its rows share one synchronous
 * block, so no other call can come between them (INV-2 to INV-6); what visitors hear of a decision waits until its
 * rows are durable. It runs on a host (a Durable Object, or a simulated one) and imports no platform.
 *
 * Operators' changes, the clock and the watchdog are here. What visitors and the shop ask is in its parts, which decide in
 * the same way and commit here.
 */
import type { EventAction } from '../core/event-config.ts'
import { NO_EVENT, type LineFailure } from '../core/failures.ts'
import * as admissions from '../core/line-admissions.ts'
import * as operator from '../core/line-operator.ts'
import type { LineSeries } from '../core/line-series.ts'
import { newLine, restoreLine, type LineState } from '../core/line-state.ts'
import * as visitors from '../core/line-visitors.ts'
import { decision, type Change, type Decision, type EventRecord, type Notice } from '../core/records.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { DropNews } from '../core/drop-news.ts'
import type { SeatsNews } from '../core/seats-feed.ts'
import { log } from '../observability/log.ts'
import type { LineHost, LineLink, Promoting, ShopNews, Streams } from '../ports/line-host.ts'
import type { LineConsoleApi } from '../ports/line-console.ts'
import type { Changed, ConfigureRequest, LineApi, LineResult, LineSeatsApi } from '../ports/lines.ts'
import type { PoolConfig } from '../ports/registry.ts'
import { LineAlarm } from './line-alarm.ts'
import type { LineMeters } from './line-meters.ts'
import { LineReports } from './line-reports.ts'
import { LineShop } from './line-shop.ts'
import { LineVisits } from './line-visits.ts'
import { LineWebhooks } from './line-webhooks.ts'
import { Retention } from './retention.ts'

export type LineParts = {
  readonly meters: LineMeters
  readonly series: LineSeries
  readonly streams: (link: LineLink) => Streams
  readonly promotion: (link: LineLink) => Promoting
  /** Null: there is no shop to tell. */
  readonly news?: ShopNews | null
}

/** The rest is asked of its parts, or of LineConsole. */
type EngineApi = Omit<
  LineApi,
  'fetch' | 'reassertPool' | keyof LineVisits | keyof LineShop | keyof LineReports | keyof LineConsoleApi
>

export class LineEngine implements EngineApi, Pick<LineSeatsApi, 'seatsChanged'> {
  readonly visits: LineVisits
  readonly shop: LineShop
  readonly webhooks: LineWebhooks
  readonly reports: LineReports
  readonly #host: LineHost
  readonly #meters: LineMeters
  readonly #series: LineSeries
  readonly #streams: Streams
  readonly #promotion: Promoting
  readonly #retention: Retention
  readonly #alarm: LineAlarm
  #line: LineState | null
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
    const { meters } = parts
    const arm = () => this.#alarm.arm()
    const streams = parts.streams(link)
    const promotion = parts.promotion(link)
    this.#streams = streams
    this.#promotion = promotion
    this.#retention = new Retention(host.rows, host.endedRetentionMs)
    this.webhooks = new LineWebhooks({
      ...link,
      background: host.background,
      news: parts.news ?? null,
      arm,
    })
    this.#alarm = new LineAlarm({
      host,
      line: link.line,
      streams,
      retention: this.#retention,
      webhooks: this.webhooks,
    })
    this.visits = new LineVisits({ ...link, host, meters, streams, promotion, arm })
    this.shop = new LineShop({ ...link, rows: host.rows, meters })
    this.reports = new LineReports({
      ...link,
      meters,
      streams,
      promotion,
      updatedAtMs: () => this.#updatedAtMs,
      webhooksOwed: () => parts.news?.owed() ?? 0,
      place: (userId) => this.visits.place(userId),
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
    const isSent = await this.webhooks.empty(line)
    // Opened again meanwhile.
    if (line.event.status !== 'closed') return err({ reason: 'event-not-closed' })
    // A lease that the pool has not taken back would hold a slot for nobody, and news that only the rows know would be lost.
    if (!isSent || line.ledger.debtCount > 0 || line.batch !== null)
      return err({ reason: 'store-unavailable' })
    this.#line = null
    this.#series.clear()
    this.#streams.endAll('closed')
    this.#alarm.forget()
    await this.#host.erase()
    return ok(null)
  }

  /** Whether a stream of the visitor is open, wherever it is held. */
  isStreaming(userId: string): boolean {
    return this.#streams.has(userId)
  }

  /** The state itself, for whoever shows it in the same synchronous block. */
  line(): LineState | null {
    return this.#line
  }

  /** The seat office tells of seats that have changed; see LineSeatsApi. */
  async seatsChanged(news: SeatsNews): Promise<void> {
    if (this.#line !== null) this.#streams.seatsChanged(news)
  }

  /** A drop behind the event stands otherwise; see LineDropsApi. */
  async dropChanged(news: DropNews): Promise<void> {
    if (this.#line !== null) this.#streams.dropChanged(news)
  }

  // --- The watchdog, the pool, the clock ----------------------------------------------------------------------------

  async watch(scheduledTimeMs: number): Promise<LineResult<{ active: boolean }>> {
    const line = this.#line
    if (line === null) return NO_EVENT
    this.#meters.count('watches_total')
    if (await this.#alarm.isDead(line)) {
      log.warn('alarm_rearmed', { eventId: line.event.eventId, scheduledTimeMs })
      this.#alarm.forget()
      this.#tick(line)
    }
    await this.#promotion.reconcile()
    if (this.#line === line) this.#retention.watch(this.#host.nowMs())
    this.#alarm.arm()
    if (this.#line === line) this.#series.flush(this.#host.nowMs())
    const isOver =
      line.event.status === 'closed' && line.ledger.liveCount === 0 && line.ledger.debtCount === 0
    return ok({ active: !isOver })
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

  /** The host's alarm has rung. */
  async alarm(): Promise<void> {
    const line = this.#line
    const dueAtMs = this.#alarm.forget()
    if (line === null) return
    // Armed again before anything can fail: an alarm that throws after this still comes back in a second.
    this.#alarm.arm()
    if (dueAtMs !== null) this.#meters.observeMs('tick_lag_seconds', this.#host.nowMs() - dueAtMs)
    try {
      this.#tick(line)
    } catch (error) {
      log.error('tick_failed', { eventId: line.event.eventId, error: String(error) })
    }
    this.#alarm.arm()
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
    this.webhooks.tick(line)
    this.#promotion.reportThroughput(nowMs)
    this.#retention.tick(nowMs)
    this.#observe(line, [])
    this.#series.tick(nowMs)
  }

  // --- Deciding and saving ------------------------------------------------------------------------------------------

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
        this.webhooks.written(made.changes)
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
    this.#alarm.arm()
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

  /** For the charts. A decision that changes nothing is no event in them: the watchdog makes one each minute. */
  #observe(line: LineState, changes: readonly Change[]): void {
    const seen = { streams: this.#streams.size, errorsTotal: this.#meters.total('redis_failures_total') }
    this.#series.observe(line, seen, changes, this.#host.nowMs())
  }

  #changed(line: LineState, before: EventRecord | null): Changed {
    return { detail: this.reports.detailOf(line), changes: operator.changesSince(before, line.event) }
  }
}

function isEnd(change: Change): boolean {
  return (
    change.kind === 'place_ended' ||
    (change.kind === 'admission_changed' && change.admission.state === 'ended')
  )
}
