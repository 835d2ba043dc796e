/** The line's side of the join shards: their reports are held until a window is sealed, then joined and written as one. */
import { NO_EVENT, OVERLOADED } from '../core/failures.ts'
import { JoinWindows, type Arrival, type JoinReport } from '../core/join-windows.ts'
import { JOINERS_HELD_MAX } from '../core/limits.ts'
import type { LineState } from '../core/line-state.ts'
import * as visitors from '../core/line-visitors.ts'
import { decision, type Change } from '../core/records.ts'
import { ok } from '../core/result.ts'
import type { EpochMs } from '../core/time.ts'
import type { LineLink } from '../ports/line-host.ts'
import type { Joined, LineResult } from '../ports/lines.ts'

/** One report under way: the answers to its joiners, in their order. */
type Block = {
  readonly answers: LineResult<Joined>[]
  missing: number
  readonly done: () => void
}

export type BlockJoinsDeps = LineLink & {
  readonly background: (work: Promise<unknown>) => void
  /** So many have got a place that had none. */
  readonly joined: (created: number) => void
  /** Lets in whom there is room for at once: who joins a passthrough event hears of it with the answer. */
  readonly admit: () => Promise<void>
}

export class BlockJoins {
  readonly #deps: BlockJoinsDeps
  readonly #windows = new JoinWindows<Block>()
  #wakeAtMs: EpochMs | null = null

  constructor(deps: BlockJoinsDeps) {
    this.#deps = deps
  }

  /** Resolves with an answer for each joiner, in their order, once their window is sealed and joined. */
  async report(report: JoinReport): Promise<LineResult<LineResult<Joined>[]>> {
    if (this.#deps.line() === null) return NO_EVENT
    const { length } = report.joiners
    if (this.#windows.held + length > JOINERS_HELD_MAX) return OVERLOADED
    const { promise, resolve } = Promise.withResolvers<void>()
    const block: Block = { answers: [], missing: length, done: resolve }
    this.#windows.add(report, block, this.#deps.nowMs())
    this.#seal()
    if (length > 0) await promise
    return ok(block.answers)
  }

  /** Joins what is due. All of it is one decision: no other call comes between its numbers. */
  #seal(): void {
    const nowMs = this.#deps.nowMs()
    const arrivals = this.#windows.seal(nowMs).flat()
    const line = this.#deps.line()
    if (line === null) for (const arrival of arrivals) answer(arrival, NO_EVENT)
    else if (arrivals.length > 0) this.#join(line, arrivals, nowMs)
    this.#wakeLater(nowMs)
  }

  #join(line: LineState, arrivals: readonly Arrival<Block>[], nowMs: EpochMs): void {
    const changes: Change[] = []
    let created = 0
    const decided = arrivals.map(({ userId }) => {
      const { value, changes: changed } = visitors.join(line, userId, nowMs)
      changes.push(...changed)
      if (value.ok && value.value.created) created += 1
      return value
    })
    this.#deps.commit(decision(null, changes))
    this.#deps.joined(created)
    if (line.event.config.queueing === 'passthrough' && created > 0)
      this.#deps.background(this.#answerAdmitted(line, arrivals, decided))
    else for (const [index, arrival] of arrivals.entries()) answer(arrival, decided[index] ?? OVERLOADED)
  }

  async #answerAdmitted(
    line: LineState,
    arrivals: readonly Arrival<Block>[],
    decided: readonly LineResult<Joined>[],
  ): Promise<void> {
    await this.#deps.admit()
    const nowMs = this.#deps.nowMs()
    for (const [index, arrival] of arrivals.entries()) {
      const joined = decided[index] ?? OVERLOADED
      const live = joined.ok ? visitors.livePlace(line, arrival.userId, nowMs) : null
      if (live !== null) this.#deps.commit(live)
      answer(arrival, joined.ok && live !== null ? ok({ ...joined.value, place: live.value }) : joined)
    }
  }

  /** A window whose last report does not come is sealed by the clock. */
  #wakeLater(nowMs: EpochMs): void {
    const dueAtMs = this.#windows.nextDeadlineMs()
    if (dueAtMs === null || (this.#wakeAtMs !== null && this.#wakeAtMs <= dueAtMs)) return
    this.#wakeAtMs = dueAtMs
    this.#deps.background(this.#wake(dueAtMs, Math.max(1, dueAtMs - nowMs)))
  }

  async #wake(dueAtMs: EpochMs, inMs: number): Promise<void> {
    await this.#deps.wait(inMs)
    if (this.#wakeAtMs === dueAtMs) this.#wakeAtMs = null
    this.#seal()
  }
}

function answer({ block, index }: Arrival<Block>, told: LineResult<Joined>): void {
  block.answers[index] = told
  block.missing -= 1
  if (block.missing === 0) block.done()
}
