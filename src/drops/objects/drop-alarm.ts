/** The one alarm of a drop: whoever wants to be woken says when, and the first of them is heard. */
import type { EpochMs } from '../../core/time.ts'
import type { DropHost } from './drop-host.ts'

/** Whatever becomes of a run, there is another. */
const RUN_AGAIN_MS = 30_000
/** One that should have rung so long ago is lost; whoever asks next sets it again. */
const DEAD_MS = 10_000

type AlarmHost = Pick<DropHost, 'nowMs' | 'setAlarm' | 'background'>

export class DropAlarm {
  readonly #host: AlarmHost
  /** When the one that was set last rings. */
  #atMs: EpochMs | null = null
  /** The first wish since the last run began. */
  #wishMs: EpochMs | null = null
  #isRunning = false

  constructor(host: AlarmHost) {
    this.#host = host
  }

  wakeAt(wakeAtMs: EpochMs): void {
    this.#wishMs = Math.min(this.#wishMs ?? Infinity, wakeAtMs)
    const isSet = this.#atMs !== null && this.#atMs > this.#host.nowMs() - DEAD_MS
    if (!isSet || wakeAtMs < (this.#atMs ?? 0)) this.#ring(wakeAtMs)
  }

  /**
   * It has rung: runs what is due, unless that is running already, and rings again when the work says, or when somebody has
   * wished meanwhile. Rejects as the work does; then it rings again all the same.
   */
  async rung(work: (nowMs: EpochMs) => Promise<EpochMs | null>): Promise<void> {
    const nowMs = this.#host.nowMs()
    // First, and whatever becomes of this run.
    this.#ring(nowMs + RUN_AGAIN_MS)
    // Marked before the first await: two runs never overlap.
    if (this.#isRunning) return
    this.#isRunning = true
    this.#wishMs = null
    try {
      const nextMs = Math.min((await work(nowMs)) ?? Infinity, this.#wishMs ?? Infinity)
      this.#ring(nextMs === Infinity ? null : Math.max(nextMs, this.#host.nowMs()))
    } finally {
      this.#isRunning = false
    }
  }

  #ring(atMs: EpochMs | null): void {
    this.#atMs = atMs
    this.#host.background(this.#host.setAlarm(atMs))
  }
}
