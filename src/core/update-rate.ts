/** How often a stream at a shard is told its position: the nearer the head, the oftener. */
import { UPDATE_RATES, UPDATE_SECONDS_FAR, UPDATE_SECONDS_UNDRAWN } from './limits.ts'

/** Seconds between two positions that a visitor is told. `position`: null before a lottery's draw. */
export function updateSeconds(position: number | null): number {
  if (position === null) return UPDATE_SECONDS_UNDRAWN
  return UPDATE_RATES.find(({ upTo }) => position <= upTo)?.seconds ?? UPDATE_SECONDS_FAR
}

/**
 * The first second after `second` in which a stream is told again. `phase`: a whole number from 0 on, by chance and the
 * same for the life of the stream; streams of one distance are spread by it over all the seconds of their interval.
 */
export function nextUpdateSecond(second: number, position: number | null, phase: number): number {
  const seconds = updateSeconds(position)
  return second + seconds - ((second + phase) % seconds)
}
