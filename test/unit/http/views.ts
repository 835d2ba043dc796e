import type {
  Admission,
  EventDetail,
  EventStatus,
  EventVisit,
  Place,
  Progress,
} from '../../../src/core/views.ts'

const AT = '2026-03-01T10:00:00.000Z'

export function statusOf(eventId: string): EventStatus {
  return {
    eventId,
    name: eventId,
    status: 'open',
    queueing: 'fifo',
    capacity: 5,
    waiting: 0,
    admitted: 0,
    nowServing: 0,
    admitPerMinute: null,
    opensAt: null,
    closesAt: null,
    etaSeconds: null,
    updatedAt: AT,
    holding: false,
  }
}

export function progressOf(eventId: string, changed: Partial<Progress> = {}): Progress {
  return {
    eventId,
    status: 'open',
    holding: false,
    waiting: 1,
    nowServing: 4,
    pacePerMinute: null,
    steps: [[5, 1]],
    updatedAt: AT,
    ...changed,
  }
}

export function visitOf(eventId: string, changed: Partial<EventVisit> = {}): EventVisit {
  return { status: statusOf(eventId), pacePerMinute: null, place: null, ...changed }
}

export function placeOf(eventId: string, userId: string): Place {
  return {
    eventId,
    userId,
    state: 'WAITING',
    position: 1,
    totalWaiting: 1,
    etaSeconds: null,
    pollAfterMs: 5_000,
    joinedAt: AT,
    joinNumber: 1,
    number: 1,
    admissionId: null,
    entryToken: null,
    entryTokenExpiresAt: null,
    leaseExpiresAt: null,
  }
}

export function admissionOf(admissionId: string, userId: string): Admission {
  return {
    admissionId,
    eventId: admissionId.split('.')[0] ?? '',
    userId,
    state: 'redeemed',
    admittedAt: AT,
    redeemedAt: AT,
    leaseExpiresAt: AT,
    endedAt: null,
    outcome: null,
  }
}

export function detailOf(eventId: string, changed: Partial<EventDetail> = {}): EventDetail {
  return {
    eventId,
    name: eventId,
    capacity: 5,
    poolId: null,
    admitPerMinute: null,
    batchSizeMax: 1_000,
    entryTokenTtlSeconds: 300,
    leaseTtlSeconds: 600,
    maxSessionSeconds: 1_800,
    disconnectGraceSeconds: 60,
    queueing: 'fifo',
    status: 'open',
    opensAt: null,
    closesAt: null,
    public: true,
    expectedPeak: null,
    waiting: 0,
    present: 0,
    admitted: 0,
    streams: 0,
    nowServing: 0,
    joinedTotal: 0,
    admittedTotal: 0,
    holding: false,
    createdAt: AT,
    updatedAt: AT,
    ...changed,
  }
}
