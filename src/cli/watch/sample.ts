/** What is known of an event at one moment, and how fast it moved since the moment before. */
import type { Event } from '../server/wire.ts'

export type Sample = {
  /** ISO 8601 UTC, by the clock of this machine. */
  readonly at: string
  readonly eventId: string
  readonly name: string
  readonly status: string
  readonly holding: boolean
  readonly waiting: number
  readonly present: number
  readonly admitted: number
  readonly capacity: number
  readonly streams: number
  readonly joinedTotal: number
  readonly admittedTotal: number
  /** Since the sample before; null in the first, and after the event was created anew. */
  readonly joinedPerSecond: number | null
  readonly admittedPerSecond: number | null
  /** The wait of somebody who joins now, where there is evidence for an estimate. */
  readonly etaSeconds: { readonly low: number; readonly high: number } | null
}

/** @param before the sample before, or null for the first. */
export function sampleOf(
  event: Event,
  etaSeconds: Sample['etaSeconds'],
  atMs: number,
  before: Sample | null,
): Sample {
  const { eventId, name, status, holding, waiting, present, admitted, capacity, streams } = event
  const { joinedTotal, admittedTotal } = event
  const elapsedSeconds = before === null ? 0 : (atMs - Date.parse(before.at)) / 1_000
  return {
    at: new Date(atMs).toISOString(),
    eventId,
    name,
    status,
    holding,
    waiting,
    present,
    admitted,
    capacity,
    streams,
    joinedTotal,
    admittedTotal,
    joinedPerSecond: perSecond(joinedTotal, before?.joinedTotal, elapsedSeconds),
    admittedPerSecond: perSecond(admittedTotal, before?.admittedTotal, elapsedSeconds),
    etaSeconds,
  }
}

/** A total that fell belongs to another event of the same name: no rate can be told. */
function perSecond(total: number, before: number | undefined, elapsedSeconds: number): number | null {
  if (before === undefined || total < before || elapsedSeconds <= 0) return null
  return Math.round(((total - before) / elapsedSeconds) * 100) / 100
}
