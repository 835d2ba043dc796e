/** Was anybody overtaken? Judged from outside, by what the fans saw and the admission times the server gave. */
import type { Interval } from './statistics.ts'

/** One fan's place in the line, as far as fairness is concerned. */
export type Turn = {
  /** The server's number for the join; the order of the line. */
  readonly joinNumber: number
  /** When the server admitted the fan, or null when it never did. */
  readonly admittedAtMs: number | null
  /** From when on the fan wanted no turn any more (it left), or null. */
  readonly gaveUpAtMs: number | null
  /** When the fan's stream was open and talking. */
  readonly present: readonly Interval[]
}

type Inversion = { readonly overtaken: number; readonly by: number }

/**
 * Pairs in which somebody was admitted while a fan with a smaller join number stood in the line, present. INV-2.
 *
 * A batch is chosen a little before its time is written down, and a dropped or returning stream is noticed a little
 * late. So a fan counts as present only if its stream was open from `marginMs` before until `marginMs` after.
 */
export function inversionsAmong(turns: readonly Turn[], marginMs: number): Inversion[] {
  const inOrder = turns.toSorted((a, b) => a.joinNumber - b.joinNumber)
  const inversions: Inversion[] = []
  inOrder.forEach((later, index) => {
    const atMs = later.admittedAtMs
    if (atMs === null) return
    for (const earlier of inOrder.slice(0, index)) {
      if (
        earlier.joinNumber < later.joinNumber &&
        stillWaits(earlier, atMs) &&
        isPresent(earlier, atMs, marginMs)
      ) {
        inversions.push({ overtaken: earlier.joinNumber, by: later.joinNumber })
      }
    }
  })
  return inversions
}

function stillWaits(turn: Turn, atMs: number): boolean {
  return (turn.admittedAtMs ?? Infinity) > atMs && (turn.gaveUpAtMs ?? Infinity) > atMs
}

function isPresent(turn: Turn, atMs: number, marginMs: number): boolean {
  return turn.present.some(({ fromMs, toMs }) => fromMs <= atMs - marginMs && toMs >= atMs + marginMs)
}
