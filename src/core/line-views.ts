/** The JSON of the contract, made of the records. */
import type { AdmissionRecord, EventRecord, PlaceRecord } from './records.ts'
import { isoTime, isoTimeOrNull } from './time.ts'
import type { Admission, EtaSeconds, EventDetail, EventStatus, LotteryView, Place } from './views.ts'

/** Handed to a visitor who has nothing to wait for; an admission's end is watched at this pace. */
const POLL_AFTER_MS_SETTLED = 5_000

export type LineCounts = {
  readonly waiting: number
  readonly present: number
  readonly admitted: number
  readonly nowServing: number
  readonly joinedTotal: number
  readonly admittedTotal: number
  readonly holding: boolean
}

export function eventStatusView(
  event: EventRecord,
  counts: LineCounts,
  etaSeconds: EtaSeconds | null,
  updatedAtMs: number,
): EventStatus {
  const { config } = event
  const view: EventStatus = {
    eventId: event.eventId,
    name: config.name,
    status: event.status,
    queueing: config.queueing,
    capacity: config.capacity,
    waiting: counts.waiting,
    admitted: counts.admitted,
    nowServing: counts.nowServing,
    admitPerMinute: config.admitPerMinute,
    opensAt: config.opensAt,
    closesAt: config.closesAt,
    etaSeconds,
    updatedAt: isoTime(updatedAtMs),
    holding: counts.holding,
  }
  return event.lottery === null ? view : { ...view, lottery: lotteryView(event.lottery) }
}

function lotteryView(lottery: NonNullable<EventRecord['lottery']>): LotteryView {
  const isDrawn = lottery.entrants !== null
  return { commitment: lottery.commitment, seed: isDrawn ? lottery.seed : null, entrants: lottery.entrants }
}

export function eventDetailView(event: EventRecord, counts: LineCounts, streams: number): EventDetail {
  return {
    ...event.config,
    eventId: event.eventId,
    status: event.status,
    ...counts,
    streams,
    createdAt: isoTime(event.createdAtMs),
    updatedAt: isoTime(event.updatedAtMs),
  }
}

export type WaitingShown = {
  readonly number: number | null
  readonly position: number | null
  readonly etaSeconds: EtaSeconds | null
  readonly pollAfterMs: number
}

type PlaceIdentity = Pick<PlaceRecord, 'userId' | 'joinNumber' | 'joinedAtMs' | 'state' | 'admissionId'>

export function placeView(
  eventId: string,
  place: PlaceIdentity,
  totalWaiting: number,
  more: { waiting?: WaitingShown; admission?: AdmissionRecord | undefined },
): Place {
  const { waiting, admission } = more
  const isAdmitted = place.state === 'ADMITTED' && admission !== undefined
  return {
    eventId,
    userId: place.userId,
    state: place.state,
    position: waiting?.position ?? null,
    totalWaiting,
    etaSeconds: waiting?.etaSeconds ?? null,
    pollAfterMs: waiting?.pollAfterMs ?? POLL_AFTER_MS_SETTLED,
    joinedAt: isoTime(place.joinedAtMs),
    joinNumber: place.joinNumber,
    number: waiting?.number ?? null,
    admissionId: place.admissionId,
    entryToken: isAdmitted ? admission.token : null,
    entryTokenExpiresAt: isAdmitted ? isoTime(admission.tokenExpiresAtMs) : null,
    leaseExpiresAt: isAdmitted ? isoTime(admission.leaseExpiresAtMs) : null,
  }
}

export function admissionView(eventId: string, record: AdmissionRecord): Admission {
  return {
    admissionId: record.admissionId,
    eventId,
    userId: record.userId,
    state: record.state,
    admittedAt: isoTime(record.admittedAtMs),
    redeemedAt: isoTimeOrNull(record.redeemedAtMs),
    leaseExpiresAt: isoTime(record.leaseExpiresAtMs),
    endedAt: isoTimeOrNull(record.endedAtMs),
    outcome: record.outcome,
  }
}
