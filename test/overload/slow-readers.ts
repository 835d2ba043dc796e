/** Streams that are opened and never read from, as a half-open connection looks to the line. */
import type { TestUsher } from '../support/usher.ts'
import { guestTokens, memoryMb, quantile, type Figures } from './crowd.ts'
import { closeLine, healthyLine, newsDelays, summary } from './healthy.ts'
import { closeStreams, joinAll, openStreams, untilStreams } from './streams.ts'

export type SlowReadersResult = {
  readonly figures: Figures
  readonly slowestNewsMs: number
  readonly grownMb: number
}

/** Besides so many that never read, `news` changes of the line are told to three that do. */
export async function slowReaders(
  usher: TestUsher,
  size: { readonly readers: number; readonly news: number },
): Promise<SlowReadersResult> {
  const line = await healthyLine(usher, size.news, 3)
  const tokens = await guestTokens(usher, size.readers)
  await joinAll(usher, line.eventId, tokens)
  const before = memoryMb(usher)
  const streams = await openStreams(usher, line.eventId, tokens, false)
  await untilStreams(usher, line.eventId, size.readers + line.streams.length, 10_000)
  const opened = memoryMb(usher)
  const delays = await newsDelays(line)
  const after = memoryMb(usher)
  closeStreams(streams)
  const goneAfterMs = await untilStreams(usher, line.eventId, line.streams.length, 12_000)
  closeLine(line)
  return {
    slowestNewsMs: quantile(delays, 1),
    grownMb: after - opened,
    figures: {
      'never read': size.readers,
      'news told': size.news,
      'news ms': summary(delays),
      'gone after ms': goneAfterMs,
      'memory MB': `${before} -> ${opened} open -> ${after}`,
    },
  }
}
