/** Asks for something again and again while the page is visible, less often while that fails. */
import { isSignedOut } from './model/failure.ts'
import type { Failure } from './model/failure.ts'
import { pollDelayMs } from './model/poll-delay.ts'
import type { Answer } from './transport.ts'

export type Live<T> = {
  /** Asks now. */
  refresh(): void
  /** Shows a newer answer that came another way, and drops one that is under way and may be older. */
  accept(value: T): void
  stop(): void
}

type LiveSpec<T> = {
  readonly ask: (signal: AbortSignal) => Answer<T>
  readonly show: (value: T) => void
  /** @param nextAtMs when it is tried again. */
  readonly failed: (failure: Failure, nextAtMs: number) => void
  /** After an answer. Default: two seconds. */
  readonly everyMs?: () => number
}

export function live<T>({ ask, show, failed, everyMs }: LiveSpec<T>): Live<T> {
  let timer = 0
  let failures = 0
  let asking: AbortController | null = null
  let isStopped = false

  const schedule = (delayMs: number): void => {
    clearTimeout(timer)
    if (!isStopped && document.visibilityState === 'visible') timer = setTimeout(() => void run(), delayMs)
  }
  const run = async (): Promise<void> => {
    clearTimeout(timer)
    asking?.abort()
    const mine = new AbortController()
    asking = mine
    const answer = await ask(mine.signal)
    // Overtaken by a newer question or answer.
    if (mine.signal.aborted) return
    asking = null
    if (answer.ok) {
      failures = 0
      show(answer.value)
      return schedule(pollDelayMs(0, null, everyMs?.()))
    }
    // The sign-in is shown; `refresh` follows it.
    if (isSignedOut(answer.error)) return
    failures += 1
    const asked = answer.error.kind === 'problem' ? answer.error.retryAfterSeconds : null
    const delayMs = pollDelayMs(failures, asked, everyMs?.())
    failed(answer.error, Date.now() + delayMs)
    schedule(delayMs)
  }
  const wake = (): void => {
    if (document.visibilityState === 'visible') void run()
    else clearTimeout(timer)
  }

  document.addEventListener('visibilitychange', wake)
  for (const type of ['online', 'pageshow']) addEventListener(type, wake)
  void run()
  return {
    refresh: () => void run(),
    accept(value) {
      asking?.abort()
      show(value)
      schedule(pollDelayMs(0, null, everyMs?.()))
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
      asking?.abort()
      document.removeEventListener('visibilitychange', wake)
      for (const type of ['online', 'pageshow']) removeEventListener(type, wake)
    },
  }
}
