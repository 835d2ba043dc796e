/** Waiting for the Worker to be well. */
import { setTimeout as sleep } from 'node:timers/promises'

const INTERVAL_MS = 20

/** Resolves when `GET /healthz` answers 200. @throws Error with the last answer when it does not in time. */
export async function untilHealthy(url: string, timeoutMs: number): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  let last = 'no answer'
  while (performance.now() < deadlineMs) {
    try {
      const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(timeoutMs) })
      const body = await answer.text()
      if (answer.status === 200) return
      last = `${answer.status} ${body}`
    } catch (error) {
      last = String(error)
    }
    await sleep(INTERVAL_MS)
  }
  throw new Error(`GET /healthz did not answer 200 in ${timeoutMs / 1_000} s: ${last}`)
}
