/** How an event stands, for whoever asks: everybody, one visitor, operators, the collector of metrics. Changes nothing. */
import { NO_EVENT } from '../core/failures.ts'
import { countsOf, type LineState } from '../core/line-state.ts'
import { eventDetailView, eventStatusView } from '../core/line-views.ts'
import * as visitors from '../core/line-visitors.ts'
import { progressView } from '../core/progress.ts'
import { ok } from '../core/result.ts'
import type { EpochMs } from '../core/time.ts'
import type { EventDetail, EventStatus, EventVisit, Progress } from '../core/views.ts'
import type { LineLink, Promoting, Streams } from '../ports/line-host.ts'
import type { LineApi, LineMetrics, LineResult } from '../ports/lines.ts'
import type { LineMeters } from './line-meters.ts'

export type LineReportsDeps = Pick<LineLink, 'line' | 'nowMs'> & {
  readonly meters: LineMeters
  readonly streams: Pick<Streams, 'size'>
  readonly promotion: Pick<Promoting, 'isHolding'>
  /** When the line changed last. */
  readonly updatedAtMs: () => EpochMs
  /** What the shop has to be told still. */
  readonly webhooksOwed: () => number
  /** Where a visitor stands; a sign of life of theirs. */
  readonly place: LineApi['place']
}

type ReportsApi = Pick<LineApi, 'status' | 'progress' | 'visit' | 'detail' | 'metrics'>

export class LineReports implements ReportsApi {
  readonly #deps: LineReportsDeps

  constructor(deps: LineReportsDeps) {
    this.#deps = deps
  }

  async status(): Promise<LineResult<EventStatus>> {
    const { nowMs, updatedAtMs } = this.#deps
    const line = this.#deps.line()
    if (line === null) return NO_EVENT
    const etaSeconds = visitors.eta(line, line.waiting.size + 1, nowMs())
    return ok(eventStatusView(line.event, countsOf(line, this.#isHolding(line)), etaSeconds, updatedAtMs()))
  }

  async progress(): Promise<LineResult<Progress>> {
    const { nowMs, updatedAtMs } = this.#deps
    const line = this.#deps.line()
    if (line === null) return NO_EVENT
    return ok(progressView(line, this.#isHolding(line), updatedAtMs(), nowMs()))
  }

  async visit(userId: string | null): Promise<LineResult<EventVisit>> {
    const line = this.#deps.line()
    if (line === null) return NO_EVENT
    const pacePerMinute = line.event.status === 'open' ? line.pace.perMinute(this.#deps.nowMs()) : null
    const place = userId === null ? null : await this.#deps.place(userId)
    const status = await this.status()
    if (!status.ok) return status
    return ok({ status: status.value, pacePerMinute, place: place?.ok === true ? place.value : null })
  }

  async detail(): Promise<LineResult<EventDetail>> {
    const line = this.#deps.line()
    return line === null ? NO_EVENT : ok(this.detailOf(line))
  }

  detailOf(line: LineState): EventDetail {
    return eventDetailView(line.event, countsOf(line, this.#isHolding(line)), this.#deps.streams.size)
  }

  async metrics(): Promise<LineResult<LineMetrics>> {
    const { meters, streams, nowMs, webhooksOwed } = this.#deps
    const line = this.#deps.line()
    if (line === null) return NO_EVENT
    return ok(
      meters.snapshot(line.event.eventId, {
        waiting: line.waiting.size,
        present: line.waiting.presentCount,
        live_admissions: line.ledger.liveCount,
        streams: streams.size,
        capacity: line.event.config.capacity,
        promotions_per_second: meters.promotionsPerSecond(nowMs()),
        holding: Number(this.#isHolding(line)),
        webhooks_owed: webhooksOwed(),
      }),
    )
  }

  #isHolding(line: LineState): boolean {
    return line.event.status === 'open' && this.#deps.promotion.isHolding
  }
}
