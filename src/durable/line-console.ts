/** What operators look up about one event; see LineConsoleApi. It decides and changes nothing. */
import type { SampleView, SeriesView, VisitorHistory, VisitorPlace } from '../core/console-views.ts'
import { SERIES_STEP_SECONDS, type LineSeries, type Sample } from '../core/line-series.ts'
import type { LineState } from '../core/line-state.ts'
import { admissionView } from '../core/line-views.ts'
import { NO_EVENT } from '../core/failures.ts'
import { err, ok } from '../core/result.ts'
import { isoTime, isoTimeOrNull, type EpochMs } from '../core/time.ts'
import type { ExportKind, ExportPage, LineConsoleApi } from '../ports/line-console.ts'
import type { LineResult } from '../ports/lines.ts'
import type { LineRecords, PlaceWithAdmission } from './line-records.ts'

export type LineConsoleDeps = {
  readonly line: () => LineState | null
  readonly nowMs: () => EpochMs
  readonly isStreaming: (userId: string) => boolean
  readonly records: LineRecords
  readonly series: LineSeries
}

export class LineConsole implements Omit<LineConsoleApi, 'removeVisitor'> {
  readonly #deps: LineConsoleDeps

  constructor(deps: LineConsoleDeps) {
    this.#deps = deps
  }

  async series(minutes: number): Promise<LineResult<SeriesView>> {
    const { line, nowMs, records, series } = this.#deps
    if (line() === null) return NO_EVENT
    const sinceMs = nowMs() - minutes * 60_000
    const samples = [...records.samplesSince(sinceMs), ...series.unsaved()].filter(
      ({ atMs }) => atMs >= sinceMs,
    )
    return ok({ stepSeconds: SERIES_STEP_SECONDS, samples: samples.map(sampleView) })
  }

  async visitor(userId: string): Promise<LineResult<VisitorHistory>> {
    const line = this.#deps.line()
    if (line === null) return NO_EVENT
    const places = this.#deps.records.placesOf(userId)
    if (places.length === 0) return err({ reason: 'not-in-queue' })
    const { eventId } = line.event
    return ok({ userId, eventId, places: places.map((found) => this.#placeView(line, found)) })
  }

  async exportPage(what: ExportKind, after: number): Promise<LineResult<ExportPage>> {
    return this.#deps.line() === null ? NO_EVENT : ok(this.#deps.records.exportPage(what, after))
  }

  #placeView(line: LineState, { place, admission }: PlaceWithAdmission): VisitorPlace {
    const { userId, joinNumber, number, state } = place
    const waiting = state === 'WAITING' ? line.waiting.get(userId) : undefined
    const isLive = state === 'WAITING' || state === 'ADMITTED'
    return {
      joinNumber,
      number,
      state,
      joinedAt: isoTime(place.joinedAtMs),
      endedAt: isoTimeOrNull(place.endedAtMs),
      absentSince: isoTimeOrNull(waiting?.absentSinceMs ?? null),
      streaming: isLive && this.#deps.isStreaming(userId),
      position: waiting === undefined ? null : line.waiting.position(waiting),
      admission: admission === null ? null : admissionView(line.event.eventId, admission),
    }
  }
}

function sampleView({ atMs, ...sample }: Sample): SampleView {
  return { at: isoTime(atMs), ...sample }
}
