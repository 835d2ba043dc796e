/** The events of the stream, as text. WHATWG HTML, server-sent events; the contract's table names the data. */
import type { EventStatusName } from './event-config.ts'
import type { AdmissionRecord, EndReason } from './records.ts'
import type { DropNews } from './drop-news.ts'
import type { SeatsNews } from './seats-feed.ts'
import { isoTime, type EpochMs } from './time.ts'
import type { EtaSeconds } from './views.ts'

/** A comment: the cheapest write that shows whether the other side is still there. */
export const PROBE_FRAME = ':\n\n'

export function retryLine(retryMs: number): string {
  return `retry: ${Math.round(retryMs)}\n`
}

export function positionFrame(
  eventId: string,
  shown: { position: number | null; totalWaiting: number; etaSeconds: EtaSeconds | null },
  nowMs: EpochMs,
): string {
  const { position, totalWaiting, etaSeconds } = shown
  return frame('position', nowMs, {
    type: 'QUEUE_POSITION',
    eventId,
    position,
    totalWaiting,
    etaSeconds,
    timestamp: nowMs,
  })
}

export function promotionFrame(eventId: string, admission: AdmissionRecord, nowMs: EpochMs): string {
  return frame('promotion', nowMs, {
    type: 'PROMOTED',
    eventId,
    admissionId: admission.admissionId,
    entryToken: admission.token,
    expiresAt: isoTime(admission.tokenExpiresAtMs),
    message: 'It is your turn. You can go in now.',
    timestamp: nowMs,
  })
}

export function seatsFrame(eventId: string, news: SeatsNews, nowMs: EpochMs): string {
  const { version, previousVersion, seats } = news
  return frame('seats', nowMs, {
    type: 'SEATS',
    eventId,
    version,
    previousVersion,
    seats,
    timestamp: nowMs,
  })
}

export function dropFrame(eventId: string, { dropId, status, epoch }: DropNews, nowMs: EpochMs): string {
  return frame('drop', nowMs, { type: 'DROP', eventId, dropId, status, epoch, timestamp: nowMs })
}

export function heartbeatFrame(nowMs: EpochMs): string {
  return frame('heartbeat', nowMs, { type: 'HEARTBEAT', timestamp: nowMs })
}

export function statusFrame(status: EventStatusName, nowMs: EpochMs): string {
  return frame('status', nowMs, { type: 'EVENT_STATUS', status, timestamp: nowMs })
}

export function endFrame(reason: EndReason, nowMs: EpochMs): string {
  return frame('end', nowMs, { type: 'END', reason, timestamp: nowMs })
}

/** JSON has no raw line break, so no value can start a line or an event of its own. */
function frame(event: string, nowMs: EpochMs, data: object): string {
  return `id: ${nowMs}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
