/**
 * What everybody may see of a line, small enough for everybody to ask: from it and a number follows a position
 * (src/client/position-bound.ts). A step is where the count of those who wait passes a rank of a fixed ladder. So a bound
 * is the true position rounded up to the ladder: it falls with the truth, never below it (INV-8).
 */
import { awaitsDraw } from './line-visitors.ts'
import type { LineState } from './line-state.ts'
import { isoTime, type EpochMs } from './time.ts'
import type { Progress, Step } from './views.ts'
import type { WaitingLine } from './waiting-line.ts'

/** Every rank up to this is on the ladder: near the head a position is exact. */
const EXACT_RANKS = 32
/**
 * Beyond, each rank of the ladder is at most a quarter above the one before, so a bound is less than a quarter too
 * large; a million who wait are 78 steps.
 */
const LADDER_RATIO = 5 / 4

/** `updatedAtMs`: when the line last changed. Costs as many descents of a tree as there are steps. */
export function progressView(
  line: LineState,
  holding: boolean,
  updatedAtMs: EpochMs,
  nowMs: EpochMs,
): Progress {
  const { event, waiting } = line
  return {
    eventId: event.eventId,
    status: event.status,
    holding,
    waiting: waiting.size,
    nowServing: line.nowServing,
    pacePerMinute: event.status === 'open' ? line.pace.perMinute(nowMs) : null,
    steps: awaitsDraw(line) ? [] : stepsOf(waiting, line.joinedTotal),
    updatedAt: isoTime(updatedAtMs),
  }
}

/** `highestNumber`: given to anybody so far. One that comes later is larger. */
export function stepsOf(waiting: Pick<WaitingLine, 'size' | 'numberAt'>, highestNumber: number): Step[] {
  const steps: Step[] = []
  for (let rank = 1; rank <= waiting.size; rank = nextRank(rank)) {
    const number = waiting.numberAt(rank)
    if (number !== null && !follows([number, rank], steps.at(-1))) steps.push([number, rank])
  }
  const last = steps.at(-1)
  if (last?.[0] !== highestNumber) steps.push([highestNumber, waiting.size])
  return steps
}

function nextRank(rank: number): number {
  return rank < EXACT_RANKS ? rank + 1 : Math.floor(rank * LADDER_RATIO)
}

/** Nobody between the two has gone, so whoever counts on from the one before arrives at this one, and at all in between. */
function follows([number, waiting]: Step, before: Step = [0, 0]): boolean {
  return number - before[0] === waiting - before[1]
}
