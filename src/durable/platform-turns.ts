/** The turns of an object on the platform. */
import { Turns } from './turns.ts'

/** Short against what a visitor waits for the network, long against what a decision takes. */
const EVERY_MS = 5

export function platformTurns(): Turns {
  return new Turns({ nowMs: () => Date.now(), wait: (ms) => scheduler.wait(ms), everyMs: EVERY_MS })
}
