/** The line's ticks lie on whole seconds of the wall clock; what has to happen between two of them is timed by that. */
import { setTimeout as sleep } from 'node:timers/promises'

const SECOND_MS = 1_000

/** Resolves at the next moment that is so many milliseconds after a whole second. */
export async function untilPhase(phaseMs: number): Promise<void> {
  await sleep(phaseDelayMs(Date.now(), phaseMs))
}

/** How long until the next moment that is `phaseMs` after a whole second; never 0. */
export function phaseDelayMs(nowMs: number, phaseMs: number): number {
  const delayMs = (phaseMs - (nowMs % SECOND_MS) + SECOND_MS) % SECOND_MS
  return delayMs === 0 ? SECOND_MS : delayMs
}
