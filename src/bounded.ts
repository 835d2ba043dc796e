/** Concurrency with a limit: how many at once, and for how long. */

/**
 * Like `Promise.all(items.map(work))` with at most `width` in flight, results in the order of the items.
 * The first rejection rejects the whole; work that must not do so catches for itself.
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const remaining = items.entries()
  const lane = async (): Promise<void> => {
    // The lanes share one iterator, so each item is taken once.
    for (const [index, item] of remaining) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane))
  return results
}

/** Rejects with TimedOut after `limitMs`. The work itself goes on; its late outcome is ignored. */
export async function withTimeout<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TimedOut(`no answer within ${limitMs} ms`)), limitMs)
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}

/** As withTimeout, on a host whose time is not the process's: `wait` resolves after so many milliseconds. */
export async function withinTime<T>(
  work: Promise<T>,
  limitMs: number,
  wait: (ms: number) => Promise<void>,
): Promise<T> {
  const limit = wait(limitMs).then(() => {
    throw new TimedOut(`no answer within ${limitMs} ms`)
  })
  return await Promise.race([work, limit])
}

export class TimedOut extends Error {
  override readonly name = 'TimedOut'
}
