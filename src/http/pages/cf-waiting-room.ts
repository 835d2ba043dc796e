/**
 * The waiting page for programs: the JSON answer of Cloudflare's Waiting Room, so that an app written for that one
 * waits here too. The names and meanings of its fields are Cloudflare's (the API reference of Waiting Rooms, field
 * `json_response_enabled`); docs/compatibility.md says what each is here.
 */
import type { Queueing } from '../../core/event-config.ts'
import type { EventStatus, Place } from '../../core/views.ts'

export type CfWaitingRoom = {
  readonly inWaitingRoom: boolean
  readonly waitTimeKnown: boolean
  /** Minutes, like every time below. */
  readonly waitTime: number
  readonly waitTime25Percentile: number
  readonly waitTime50Percentile: number
  readonly waitTime75Percentile: number
  readonly waitTimeFormatted: string
  readonly queueIsFull: boolean
  readonly queueAll: boolean
  readonly lastUpdated: string
  readonly refreshIntervalSeconds: number
  readonly queueingMethod: 'fifo' | 'random' | 'passthrough' | 'reject'
  readonly isFIFOQueue: boolean
  readonly isRandomQueue: boolean
  readonly isPassthroughQueue: boolean
  readonly isRejectQueue: boolean
  readonly isEventActive: boolean
  readonly isEventPrequeueing: boolean
  readonly timeUntilEventStart: number
  readonly timeUntilEventStartFormatted: string
  readonly timeUntilEventEnd: number
  readonly timeUntilEventEndFormatted: string
  readonly shuffleAtEventStart: boolean
  readonly turnstile: string
  readonly infiniteQueue: boolean
}

/** How often somebody without a place may ask whether there is one to be had: Cloudflare's own interval. */
const REFRESH_SECONDS_WITHOUT_PLACE = 20
const UNAVAILABLE = 'unavailable'

/** A lottery shuffles once, at the opening, and is a line after that; Cloudflare's `random` draws all the time. */
const METHODS: Readonly<Record<Queueing, CfWaitingRoom['queueingMethod']>> = {
  fifo: 'fifo',
  lottery: 'fifo',
  passthrough: 'passthrough',
  reject: 'reject',
}

/** `place`: the visitor's, or null for somebody who cannot have one now. `nowMs`: milliseconds since 1970. */
export function cfWaitingRoom(event: EventStatus, place: Place | null, nowMs: number): CfWaitingRoom {
  const waitMinutes = place?.state === 'WAITING' && place.etaSeconds ? minutes(place.etaSeconds.high) : null
  const queueingMethod = METHODS[event.queueing]
  const isPrequeueing = event.status === 'scheduled'
  const isActive = isPrequeueing || (isRunning(event) && (event.opensAt !== null || event.closesAt !== null))
  const untilStart = isPrequeueing ? minutesUntil(event.opensAt, nowMs) : null
  const untilEnd = isActive ? minutesUntil(event.closesAt, nowMs) : null
  return {
    inWaitingRoom: place?.state !== 'ADMITTED',
    waitTimeKnown: waitMinutes !== null,
    waitTime: waitMinutes ?? 0,
    // Of `random` alone.
    waitTime25Percentile: 0,
    waitTime50Percentile: 0,
    waitTime75Percentile: 0,
    waitTimeFormatted: formatted(waitMinutes),
    queueIsFull: event.status === 'closed' || event.status === 'sold_out',
    queueAll: isPrequeueing || event.status === 'paused' || event.holding,
    lastUpdated: new Date(nowMs).toISOString(),
    refreshIntervalSeconds: refreshSeconds(event, place),
    queueingMethod,
    isFIFOQueue: queueingMethod === 'fifo',
    isRandomQueue: queueingMethod === 'random',
    isPassthroughQueue: queueingMethod === 'passthrough',
    isRejectQueue: queueingMethod === 'reject',
    isEventActive: isActive,
    isEventPrequeueing: isPrequeueing,
    timeUntilEventStart: untilStart ?? 0,
    timeUntilEventStartFormatted: formatted(untilStart),
    timeUntilEventEnd: untilEnd ?? 0,
    timeUntilEventEndFormatted: formatted(untilEnd),
    shuffleAtEventStart: isActive && event.queueing === 'lottery',
    // Cloudflare's own checks of browsers, which Usher does not have.
    turnstile: '',
    infiniteQueue: false,
  }
}

function isRunning({ status }: EventStatus): boolean {
  return status === 'open' || status === 'paused'
}

/** Asking this often keeps the place: a waiting visitor is present for twice `pollAfterMs`. */
function refreshSeconds(event: EventStatus, place: Place | null): number {
  if (event.queueing === 'reject') return 0
  return place === null ? REFRESH_SECONDS_WITHOUT_PLACE : Math.max(1, Math.floor(place.pollAfterMs / 1_000))
}

/** Whole minutes, none too few: who is told 5 should not wait 5 and a half. */
function minutes(seconds: number): number {
  return Math.max(1, Math.ceil(seconds / 60))
}

function minutesUntil(at: string | null, nowMs: number): number | null {
  return at === null ? null : Math.max(0, Math.ceil((Date.parse(at) - nowMs) / 60_000))
}

function formatted(value: number | null): string {
  if (value === null) return UNAVAILABLE
  return value === 1 ? '1 minute' : `${value} minutes`
}
