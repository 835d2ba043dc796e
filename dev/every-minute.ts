/** Cron's beat: the start of each minute of the wall clock. */

const MINUTE_MS = 60_000

/** Calls back at each full minute, with its time, until told to stop. The callback must not throw. */
export function everyMinute(callback: (scheduledTimeMs: number) => void): { stop(): void } {
  let timer: NodeJS.Timeout
  const arm = (): void => {
    const dueMs = (Math.floor(Date.now() / MINUTE_MS) + 1) * MINUTE_MS
    timer = setTimeout(() => {
      arm()
      callback(dueMs)
    }, dueMs - Date.now())
  }
  arm()
  return { stop: () => clearTimeout(timer) }
}
