/**
 * One Durable Object per event. It is the host of a LineEngine: rows in SQLite, one alarm, the platform's clock. All
 * that the engine promises it promises here; the input gate makes its synchronous blocks critical sections, the output
 * gate holds answers back until the rows are durable.
 */
import { DurableObject } from 'cloudflare:workers'
import { parseConfig } from '../config.ts'
import type { SeriesView, VisitorHistory } from '../core/console-views.ts'
import type { EventAction } from '../core/event-config.ts'
import type { JoinReport } from '../core/join-windows.ts'
import type { DropNews } from '../core/drop-news.ts'
import type { SeatsNews } from '../core/seats-feed.ts'
import type { Admission, EventDetail, EventStatus, EventVisit, Place, Progress } from '../core/views.ts'
import { log } from '../observability/log.ts'
import { LineSeries } from '../core/line-series.ts'
import type { ExportKind, ExportPage } from '../ports/line-console.ts'
import { LineNews } from '../outbound/line-news.ts'
import type { Receipt, WebhookSourceApi } from '../outbound/message.ts'
import { Outbox } from '../outbound/outbox.ts'
import { webhookTools } from '../outbound/webhook-tools.ts'
import type { LineHost, ShopNews } from '../ports/line-host.ts'
import type {
  Changed,
  ConfigureRequest,
  Entry,
  JoinBlockAnswer,
  Joined,
  LineApi,
  LineDropsApi,
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
import { drawTools } from './draw-tools.ts'
import { LineClock } from './line-clock.ts'
import { LineConsole } from './line-console.ts'
import { LineEngine } from './line-engine.ts'
import { LineMeters } from './line-meters.ts'
import { LineRecords } from './line-records.ts'
import { LineStorage } from './line-storage.ts'
import { LineStreams } from './line-streams.ts'
import { Promotion } from './promotion.ts'
import { platformTurns } from './platform-turns.ts'
import { promotionTools } from './promotion-tools.ts'
import { streamResponse } from './stream-response.ts'

export class EventLine
  extends DurableObject<Env>
  implements LineApi, LineShardsApi, LineStreamsApi, LineSeatsApi, LineDropsApi, WebhookSourceApi
{
  readonly #engine: LineEngine
  readonly #console: LineConsole
  readonly #turns = platformTurns()

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const meters = new LineMeters()
    const rows = new LineStorage(ctx.storage)
    const records = new LineRecords(ctx.storage.sql, rows)
    const series = new LineSeries((samples) => records.saveSamples(samples))
    const config = parseConfig(env)
    const endedRetentionMs = config.ok ? config.value.endedRetentionSeconds * 1_000 : null
    const host = hostOf(ctx, rows, endedRetentionMs)
    const engine = new LineEngine(host, {
      meters,
      series,
      streams: (link) => new LineStreams({ ...link, rows, meters }),
      promotion: (link) => new Promotion({ ...link, meters }, promotionTools(env, meters)),
      news: newsOf(ctx, env),
    })
    this.#engine = engine
    this.#console = new LineConsole({
      line: () => engine.line(),
      isStreaming: (userId) => engine.isStreaming(userId),
      nowMs: host.nowMs,
      records,
      series,
    })
  }

  async configure(request: ConfigureRequest): Promise<LineResult<Changed & { readonly created: boolean }>> {
    return this.#engine.configure(request)
  }

  async status(): Promise<LineResult<EventStatus>> {
    return this.#engine.reports.status()
  }

  async progress(): Promise<LineResult<Progress>> {
    return this.#engine.reports.progress()
  }

  async visit(userId: string | null): Promise<LineResult<EventVisit>> {
    return this.#engine.reports.visit(userId)
  }

  async detail(): Promise<LineResult<EventDetail>> {
    return this.#engine.reports.detail()
  }

  async act(action: EventAction): Promise<LineResult<Changed>> {
    return this.#engine.act(action)
  }

  async remove(): Promise<LineResult<null>> {
    return this.#engine.remove()
  }

  async join(userId: string): Promise<LineResult<Joined>> {
    return this.#engine.visits.join(userId)
  }

  async joinBlock(report: JoinReport): Promise<LineResult<JoinBlockAnswer>> {
    return this.#engine.visits.joinBlock(report)
  }

  async place(userId: string): Promise<LineResult<Place>> {
    return this.#engine.visits.place(userId)
  }

  async leave(userId: string): Promise<LineResult<{ admissionId: string | null }>> {
    return this.#engine.visits.leave(userId)
  }

  async redeem(request: { admissionId: string; sessionDigest: string }): Promise<LineResult<Admission>> {
    // A shop that opens its doors redeems hundreds a second.
    await this.#turns.turn()
    return this.#engine.shop.redeem(request)
  }

  async admission(admissionId: string): Promise<LineResult<Admission>> {
    return this.#engine.shop.admission(admissionId)
  }

  async renew(admissionId: string): Promise<LineResult<Admission>> {
    return this.#engine.shop.renew(admissionId)
  }

  async release(admissionId: string, outcome: 'completed' | 'cancelled'): Promise<LineResult<Admission>> {
    return this.#engine.shop.release(admissionId, outcome)
  }

  async revoke(admissionId: string): Promise<LineResult<Admission>> {
    return this.#engine.shop.revoke(admissionId)
  }

  async watch(scheduledTimeMs: number): Promise<LineResult<{ active: boolean }>> {
    return this.#engine.watch(scheduledTimeMs)
  }

  async reassertPool(poolId: string): Promise<void> {
    await this.#engine.reassertPool(this.ctx.id.name ?? '', poolId)
  }

  async poolChanged(pool: PoolConfig): Promise<void> {
    await this.#engine.poolChanged(pool)
  }

  async metrics(): Promise<LineResult<LineMetrics>> {
    return this.#engine.reports.metrics()
  }

  async series(minutes: number): Promise<LineResult<SeriesView>> {
    return this.#console.series(minutes)
  }

  async visitor(userId: string): Promise<LineResult<VisitorHistory>> {
    return this.#console.visitor(userId)
  }

  async removeVisitor(userId: string): ReturnType<LineApi['leave']> {
    return this.#engine.visits.leave(userId)
  }

  async exportPage(what: ExportKind, after: number): Promise<LineResult<ExportPage>> {
    return this.#console.exportPage(what, after)
  }

  override async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url)
    const userId = searchParams.get('userId') ?? ''
    const opened = this.#engine.visits.openStream(
      userId,
      searchParams.has('join'),
      searchParams.has('resumed'),
    )
    return streamResponse(opened)
  }

  async openRemote(requests: readonly RemoteOpening[]): Promise<readonly LineResult<RemoteOpened>[]> {
    return this.#engine.visits.openRemote(requests)
  }

  async follow(request: FollowRequest): Promise<FollowAnswer> {
    return this.#engine.visits.follow(request)
  }

  async enterAll(entries: readonly Entry[]): Promise<readonly LineResult<Admission>[]> {
    return this.#engine.shop.enterAll(entries)
  }

  async completeAll(admissionIds: readonly string[]): Promise<readonly LineResult<Admission>[]> {
    return this.#engine.shop.completeAll(admissionIds)
  }

  async seatsChanged(news: SeatsNews): Promise<void> {
    await this.#engine.seatsChanged(news)
  }

  async dropChanged(news: DropNews): Promise<void> {
    await this.#engine.dropChanged(news)
  }

  async webhooksHeard(receipts: readonly Receipt[]): Promise<void> {
    await this.#engine.webhooks.webhooksHeard(receipts)
  }

  override async alarm(): Promise<void> {
    await this.#engine.alarm()
  }
}

function newsOf(ctx: DurableObjectState, env: Env): ShopNews | null {
  const tools = webhookTools(env)
  if (tools === null) return null
  return new LineNews(new Outbox({ ...tools, sql: ctx.storage.sql }))
}

function hostOf(ctx: DurableObjectState, rows: LineStorage, endedRetentionMs: number | null): LineHost {
  const clock = new LineClock()
  const { storage } = ctx
  return {
    rows,
    nowMs: () => clock.nowMs(),
    getAlarm: async () => {
      const rawMs = await storage.getAlarm()
      return rawMs === null ? null : clock.fromRaw(rawMs)
    },
    setAlarm: (atMs) => storage.setAlarm(clock.toRaw(atMs)),
    durable: () => storage.sync(),
    background: (work) =>
      ctx.waitUntil(work.catch((error: unknown) => log.error('background_failed', { error: String(error) }))),
    restart: (reason) => ctx.abort(reason),
    erase: async () => {
      await storage.deleteAlarm()
      await storage.deleteAll()
    },
    wait: (ms) => scheduler.wait(ms),
    endedRetentionMs,
    draw: drawTools,
  }
}
