/** What is said to those who are refused because too much is asked of a line, and what is logged of it. */
import type { EpochMs } from '../core/time.ts'
import { errorFields } from '../observability/log.ts'
import type { Overloaded } from '../ports/overloaded.ts'
import type { Failure } from './failure.ts'
import type { GatewayDeps } from './gateway-deps.ts'

const RETRY_SECONDS_MIN = 1
const RETRY_SPREAD_SECONDS_MIN = 2
/** Nobody is sent away for longer: the rush may be over by then. */
const RETRY_SPREAD_SECONDS_MAX = 30
/** So many come back in a second: about what one line takes. */
const RETRIES_PER_SECOND = 200
/** Who was refused this recently comes back as well. */
const MEMORY_MS = 10_000

const LOG_INTERVAL_MS = 1_000

/** One for an isolate: the more it has refused of late, the further the retries are spread. */
export class OverloadAnswers {
  readonly #deps: Pick<GatewayDeps, 'log' | 'nowMs'>
  #sinceMs: EpochMs = 0
  #refused = 0
  #refusedBefore = 0
  #loggedAtMs: EpochMs = 0
  #unlogged = 0

  constructor(deps: Pick<GatewayDeps, 'log' | 'nowMs'>) {
    this.#deps = deps
  }

  answer(error: Overloaded, requestId: string): Failure {
    const nowMs = this.#deps.nowMs()
    this.#count(nowMs)
    this.#log(error, requestId, nowMs)
    const comingBack = (this.#refused + this.#refusedBefore) / RETRIES_PER_SECOND
    const spreadSeconds = Math.min(RETRY_SPREAD_SECONDS_MAX, Math.max(RETRY_SPREAD_SECONDS_MIN, comingBack))
    return {
      reason: 'overloaded',
      retryAfterSeconds: RETRY_SECONDS_MIN + Math.round(Math.random() * spreadSeconds),
    }
  }

  #count(nowMs: EpochMs): void {
    const elapsedMs = nowMs - this.#sinceMs
    if (elapsedMs >= MEMORY_MS) {
      this.#refusedBefore = elapsedMs < 2 * MEMORY_MS ? this.#refused : 0
      this.#refused = 0
      this.#sinceMs = nowMs
    }
    this.#refused += 1
  }

  /** A line for each would make the log part of the overload. */
  #log(error: Overloaded, requestId: string, nowMs: EpochMs): void {
    this.#unlogged += 1
    if (nowMs - this.#loggedAtMs < LOG_INTERVAL_MS) return
    this.#deps.log.warn('request_overloaded', { requestId, refused: this.#unlogged, ...errorFields(error) })
    this.#loggedAtMs = nowMs
    this.#unlogged = 0
  }
}
