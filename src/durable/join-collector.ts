/**
 * The joins of one shard: collected by the window, each visitor once, and asked of the line with one call. Nothing is
 * kept here. A join is answered when the line's rows are durable; if the shard goes away before, its visitors ask
 * again and get the place that they have (INV-3, INV-4).
 */
import { withinTime } from '../bounded.ts'
import { OVERLOADED } from '../core/failures.ts'
import { windowAt, windowEndMs, type Joiner, type JoinReport } from '../core/join-windows.ts'
import {
  JOIN_BLOCK_TIMEOUT_MS,
  JOIN_WINDOW_MS,
  JOIN_WINDOWS_IN_FLIGHT_MAX,
  JOINERS_OF_A_WINDOW_MAX,
} from '../core/limits.ts'
import { ok } from '../core/result.ts'
import type { EpochMs } from '../core/time.ts'
import type { JoinBlockAnswer, Joined, LineResult } from '../ports/lines.ts'
import { Overloaded } from '../ports/overloaded.ts'

export type CollectorHost = {
  readonly shard: number
  readonly nowMs: () => EpochMs
  readonly wait: (ms: number) => Promise<void>
  /** Asks the line. Rejects when the answer is unknown, with Overloaded when the line takes no calls. */
  readonly report: (report: JoinReport) => Promise<LineResult<JoinBlockAnswer>>
  /** Keeps the host awake until the work is done; it never rejects. */
  readonly background: (work: Promise<unknown>) => void
}

type Answer = LineResult<Joined>
type Held = { readonly joiner: Joiner; readonly answers: ((answer: Answer) => void)[] }
type Window = { readonly number: number; readonly held: Map<string, Held> }

export class JoinCollector {
  readonly #host: CollectorHost
  /** The window that is being collected; null while nobody comes. */
  #window: Window | null = null
  #inFlight = 0

  constructor(host: CollectorHost) {
    this.#host = host
  }

  /** Resolves when the line has answered for the window. `overloaded`: nothing is known, and the visitor may ask again. */
  join(userId: string): Promise<Answer> {
    const arrivedAtMs = this.#host.nowMs()
    const window = this.#window ?? this.#begin(arrivedAtMs)
    const { held } = window
    const known = held.get(userId)
    const isFull = known === undefined && held.size >= JOINERS_OF_A_WINDOW_MAX
    if (isFull || this.#inFlight >= JOIN_WINDOWS_IN_FLIGHT_MAX) return Promise.resolve(OVERLOADED)
    return new Promise((resolve) => {
      if (known === undefined) held.set(userId, { joiner: { userId, arrivedAtMs }, answers: [resolve] })
      else known.answers.push(resolve)
    })
  }

  #begin(nowMs: EpochMs): Window {
    const window: Window = { number: windowAt(nowMs), held: new Map() }
    this.#window = window
    this.#host.background(this.#collect(window))
    return window
  }

  /** Window after window, until one is empty: that one's report tells the line not to wait for this shard. */
  async #collect(first: Window): Promise<void> {
    for (let window = first; ;) {
      await this.#host.wait(untilEndMs(window, this.#host.nowMs()))
      const isLast = window.held.size === 0
      const next: Window = { number: window.number + 1, held: new Map() }
      this.#window = isLast ? null : next
      this.#host.background(this.#ask(window))
      if (isLast) return
      window = next
    }
  }

  async #ask({ number, held }: Window): Promise<void> {
    const joiners = [...held.values()].map(({ joiner }) => joiner)
    const report: JoinReport = { shard: this.#host.shard, window: number, joiners }
    this.#inFlight += 1
    const answer = await this.#answerTo(report)
    this.#inFlight -= 1
    for (const [index, one] of [...held.values()].entries()) settle(one, index, answer)
  }

  /** Asked twice at most, and a line that takes no calls once: one that knows the visitors already says so. */
  async #answerTo(report: JoinReport): Promise<LineResult<JoinBlockAnswer>> {
    try {
      return await this.#inTime(report)
    } catch (error) {
      // Its outcome is unknown. For an empty report that does no harm: the line waits for this shard once.
      if (report.joiners.length === 0 || error instanceof Overloaded) return OVERLOADED
    }
    try {
      return await this.#inTime(report)
    } catch {
      return OVERLOADED
    }
  }

  #inTime(report: JoinReport): Promise<LineResult<JoinBlockAnswer>> {
    return withinTime(this.#host.report(report), JOIN_BLOCK_TIMEOUT_MS, this.#host.wait)
  }
}

/** Never longer than a window, whatever the clock did meanwhile. */
function untilEndMs({ number }: Window, nowMs: EpochMs): number {
  return Math.min(JOIN_WINDOW_MS, Math.max(0, windowEndMs(number) - nowMs))
}

/** Of one visitor's joins in a window the first may have made the place; the others find it. */
function settle({ answers }: Held, index: number, block: LineResult<JoinBlockAnswer>): void {
  const answer = answerOf(block, index)
  const again: Answer = answer.ok ? ok({ ...answer.value, created: false }) : answer
  for (const [nth, resolve] of answers.entries()) resolve(nth === 0 ? answer : again)
}

function answerOf(block: LineResult<JoinBlockAnswer>, index: number): Answer {
  if (!block.ok) return block
  const { answers, scale } = block.value
  const answer = answers[index] ?? OVERLOADED
  return answer.ok && scale !== undefined ? ok({ ...answer.value, scale }) : answer
}
