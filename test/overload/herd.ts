/** Thousands of streams at once, which all go away at once, and again. */
import type { TestUsher } from '../support/usher.ts'
import { guestTokens, memoryMb, quantile, type Figures } from './crowd.ts'
import { closeLine, healthyLine, newsDelays, summary } from './healthy.ts'
import { closeStreams, joinAll, openStreams, untilStreams } from './streams.ts'

export type HerdResult = {
  readonly figures: Figures
  readonly slowestNewsMs: number
  /** From the hang-up of all to the operator's count without them. */
  readonly noticedMs: number
  /** After the first herd and after the second: both have gone. */
  readonly memoryMb: readonly [number, number]
}

/** Far beyond what is promised: how long it took is for the figures to say. */
const WITHIN_MS = 40_000

export async function herd(usher: TestUsher, size: number): Promise<HerdResult> {
  const line = await healthyLine(usher, 6, 3)
  const tokens = await guestTokens(usher, size)
  await joinAll(usher, line.eventId, tokens)
  const before = memoryMb(usher)
  const first = await comeAndGo(usher, line.eventId, tokens)
  const newsBetween = await newsDelays(line, line.ahead.slice(0, 3))
  const second = await comeAndGo(usher, line.eventId, tokens)
  const delays = [...newsBetween, ...(await newsDelays(line, line.ahead.slice(3)))]
  closeLine(line)
  return {
    slowestNewsMs: quantile(delays, 1),
    noticedMs: Math.max(first.goneMs, second.goneMs),
    memoryMb: [first.memoryMb, second.memoryMb],
    figures: {
      streams: size,
      'open after ms': `${first.openMs}, ${second.openMs}`,
      'gone after ms': `${first.goneMs}, ${second.goneMs}`,
      'news ms': summary(delays),
      'memory MB': `${before} -> ${first.memoryMb} -> ${second.memoryMb}`,
    },
  }
}

async function comeAndGo(
  usher: TestUsher,
  eventId: string,
  tokens: readonly string[],
): Promise<{ openMs: number; goneMs: number; memoryMb: number }> {
  const startedAtMs = performance.now()
  const streams = await openStreams(usher, eventId, tokens, true)
  await untilStreams(usher, eventId, tokens.length + 3, WITHIN_MS)
  const openMs = Math.round(performance.now() - startedAtMs)
  closeStreams(streams)
  const goneMs = await untilStreams(usher, eventId, 3, WITHIN_MS)
  return { openMs, goneMs, memoryMb: memoryMb(usher) }
}
