/**
 * As fast as so many clients can, each one request after the other: what a server does at most. Its latencies are those of
 * a crowd that waits for itself, and say how evenly it is served.
 */
import { Latencies } from '../measure/latency.ts'
import { HttpLane } from './http-lane.ts'

export type ClosedLoopResult = {
  readonly operations: number
  readonly perSecond: number
  readonly latencies: Latencies
  /** Operations a second in each tenth of them, the first first. */
  readonly tenths: readonly number[]
}

const TENTHS = 10

/** @throws Error when an answer has another status than expected: a refusal is cheap, and would flatter. */
export async function runClosedLoop(
  url: string,
  width: number,
  requests: Iterable<Buffer>,
  expected: readonly number[],
): Promise<ClosedLoopResult> {
  const lanes = await Promise.all(Array.from({ length: width }, () => HttpLane.open(url)))
  const latencies = new Latencies()
  const doneMs: number[] = []
  const waiting = requests[Symbol.iterator]()
  const startMs = performance.now()
  const follow = async (lane: HttpLane): Promise<void> => {
    // The lanes share one iterator, so each request is sent once.
    for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
      const sentMs = performance.now()
      const { status, body } = await lane.ask(next.value)
      if (!expected.includes(status))
        throw new Error(`expected ${expected.join(' or ')}, got ${status}: ${body.slice(0, 200)}`)
      const nowMs = performance.now()
      latencies.record(nowMs - sentMs)
      doneMs.push(nowMs - startMs)
    }
  }
  try {
    await Promise.all(lanes.map(follow))
  } finally {
    for (const lane of lanes) lane.close()
  }
  const operations = doneMs.length
  return {
    operations,
    perSecond: rateOf(operations, doneMs.at(-1) ?? 0),
    latencies,
    tenths: tenthsOf(doneMs),
  }
}

/** @param doneMs when each was answered, in that order, since the start of the first */
export function tenthsOf(doneMs: readonly number[]): number[] {
  const size = Math.floor(doneMs.length / TENTHS)
  if (size === 0) return []
  return Array.from({ length: TENTHS }, (_, tenth) => {
    const beganMs = tenth === 0 ? 0 : (doneMs[tenth * size - 1] ?? 0)
    return rateOf(size, (doneMs[(tenth + 1) * size - 1] ?? 0) - beganMs)
  })
}

function rateOf(operations: number, ms: number): number {
  return operations / (Math.max(ms, 0.001) / 1_000)
}
