/** The one alarm of a line: when it wakes for the next thing that is due, of whatever kind. */
import type { LineState } from '../core/line-state.ts'
import { nextTickMs, nextWakeMs } from '../core/schedule.ts'
import type { EpochMs } from '../core/time.ts'
import type { LineHost, Streams } from '../ports/line-host.ts'
import type { LineWebhooks } from './line-webhooks.ts'
import type { Retention } from './retention.ts'

/** An alarm that is this far from where it should be will not ring. */
const DEAD_MS = 5_000

export type LineAlarmDeps = {
  readonly host: Pick<LineHost, 'nowMs' | 'getAlarm' | 'setAlarm' | 'background'>
  readonly line: () => LineState | null
  readonly streams: Pick<Streams, 'size'>
  readonly retention: Pick<Retention, 'wakeMs'>
  readonly webhooks: Pick<LineWebhooks, 'wakeMs'>
}

export class LineAlarm {
  readonly #deps: LineAlarmDeps
  #atMs: EpochMs | null = null

  constructor(deps: LineAlarmDeps) {
    this.#deps = deps
  }

  /** Sets the alarm, unless it rings early enough already. */
  arm(): void {
    const { host } = this.#deps
    const line = this.#deps.line()
    if (line === null) return
    const nowMs = host.nowMs()
    const wakeAtMs = this.#wakeMs(line, nowMs)
    const isArmed = this.#atMs !== null && this.#atMs > nowMs - DEAD_MS
    if (wakeAtMs === null || (isArmed && (this.#atMs ?? 0) <= wakeAtMs)) return
    this.#atMs = wakeAtMs
    host.background(host.setAlarm(wakeAtMs))
  }

  /** Forgets the alarm that was set: it has rung, or never will. Answers when it was due, null when none was set. */
  forget(): EpochMs | null {
    const atMs = this.#atMs
    this.#atMs = null
    return atMs
  }

  /** Whether the line has something to do, and the host's alarm will not ring for it. */
  async isDead(line: LineState): Promise<boolean> {
    const { host, streams } = this.#deps
    if (nextWakeMs(line, streams.size, host.nowMs()) === null) return false
    const alarmAtMs = await host.getAlarm()
    const nowMs = host.nowMs()
    const wakeAtMs = nextWakeMs(line, streams.size, nowMs)
    return wakeAtMs !== null && isDead(alarmAtMs, wakeAtMs, nowMs)
  }

  #wakeMs(line: LineState, nowMs: EpochMs): EpochMs | null {
    const { streams, retention, webhooks } = this.#deps
    const newsAtMs = webhooks.wakeMs()
    return [
      nextWakeMs(line, streams.size, nowMs),
      retention.wakeMs(nowMs),
      // On the grid, so that what happens within a second goes together.
      newsAtMs === null ? null : Math.max(newsAtMs, nextTickMs(nowMs)),
    ].reduce(earliest)
  }
}

/** Lost, failed too often, or set by a clock that has since jumped back. */
function isDead(alarmAtMs: EpochMs | null, wakeAtMs: EpochMs, nowMs: EpochMs): boolean {
  return alarmAtMs === null || alarmAtMs < nowMs - DEAD_MS || alarmAtMs > wakeAtMs + DEAD_MS
}

function earliest(a: EpochMs | null, b: EpochMs | null): EpochMs | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b)
}
