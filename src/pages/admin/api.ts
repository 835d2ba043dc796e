/** The operator's API as the console calls it: same origin, by the session cookie, which no script can read. */
import type { EventAction } from '../../core/event-config.ts'
import type {
  Admission,
  AuditPage,
  EventDetail,
  OperatorSession,
  PaymentDetail,
  Pool,
  Resolution,
  SaleFigures,
  Series,
  VisitorHistory,
} from './model/answers.ts'
import type { EventBody } from './model/event-form.ts'
import type { Body } from './model/fields.ts'
import { isSignedOut } from './model/failure.ts'
import { BASE, createTransport } from './transport.ts'
import type { Answer } from './transport.ts'

/** @param onSignedOut called when a call finds that the session is over; not for a key that is wrong. */
export function createApi({ onSignedOut }: { readonly onSignedOut: () => void }) {
  const { send, nowMs } = createTransport()
  const call = async <T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Answer<T> => {
    const answer = await send<T>(method, path, body, signal)
    if (!answer.ok && isSignedOut(answer.error)) onSignedOut()
    return answer
  }
  return {
    nowMs,
    /** Who is signed in; the caller sees to it that nobody may be. */
    session: (): Answer<OperatorSession> => send('GET', '/session'),
    signIn: (key: string, name: string): Answer<OperatorSession> =>
      send('POST', '/session', name === '' ? { key } : { key, name }),
    signOut: (): Answer<null> => call('DELETE', '/session'),
    events: (signal?: AbortSignal): Answer<{ readonly events: readonly EventDetail[] }> =>
      call('GET', '/events', undefined, signal),
    event: (eventId: string, signal?: AbortSignal): Answer<EventDetail> =>
      call('GET', eventPath(eventId), undefined, signal),
    series: (eventId: string, minutes: number, signal?: AbortSignal): Answer<Series> =>
      call('GET', `${eventPath(eventId)}/series?minutes=${minutes}`, undefined, signal),
    sale: (eventId: string, signal?: AbortSignal): Answer<SaleFigures> =>
      call('GET', `${eventPath(eventId)}/sale`, undefined, signal),
    payments: (
      eventId: string,
      state: PaymentDetail['state'],
    ): Answer<{ readonly payments: readonly PaymentDetail[] }> =>
      call('GET', `${eventPath(eventId)}/payments?state=${state}`),
    resolvePayment: (eventId: string, paymentId: string, as: Resolution): Answer<PaymentDetail> =>
      call('POST', `${eventPath(eventId)}/payments/${encodeURIComponent(paymentId)}/resolve`, { as }),
    createEvent: (eventId: string, body: EventBody): Answer<EventDetail> =>
      call('PUT', eventPath(eventId), body),
    changeEvent: (eventId: string, body: EventBody): Answer<EventDetail> =>
      call('PATCH', eventPath(eventId), body),
    deleteEvent: (eventId: string): Answer<null> => call('DELETE', eventPath(eventId)),
    act: (eventId: string, action: EventAction): Answer<EventDetail> =>
      call('POST', `${eventPath(eventId)}/${action}`, {}),
    pools: (signal?: AbortSignal): Answer<{ readonly pools: readonly Pool[] }> =>
      call('GET', '/pools', undefined, signal),
    putPool: (poolId: string, body: Body<keyof Pool>): Answer<Pool> =>
      call('PUT', `/pools/${encodeURIComponent(poolId)}`, body),
    visitor: (eventId: string, userId: string): Answer<VisitorHistory> =>
      call('GET', `${eventPath(eventId)}/visitors/${encodeURIComponent(userId)}`),
    removeVisitor: (eventId: string, userId: string): Answer<null> =>
      call('DELETE', `${eventPath(eventId)}/visitors/${encodeURIComponent(userId)}`),
    admission: (admissionId: string): Answer<Admission> =>
      call('GET', `/admissions/${encodeURIComponent(admissionId)}`),
    revoke: (admissionId: string): Answer<Admission> =>
      call('POST', `/admissions/${encodeURIComponent(admissionId)}/revoke`, {}),
    audit: (eventId: string | null, before: string | null): Answer<AuditPage> =>
      call('GET', `/audit?${auditQuery(eventId, before)}`),
  }
}

export type Api = ReturnType<typeof createApi>

/** What is downloaded rather than read by the console. */
export const exportPaths = {
  places: (eventId: string): string => `${BASE}${eventPath(eventId)}/export.csv?what=places`,
  admissions: (eventId: string): string => `${BASE}${eventPath(eventId)}/export.csv?what=admissions`,
  audit: (eventId: string | null): string =>
    eventId === null ? `${BASE}/audit.csv` : `${BASE}/audit.csv?eventId=${encodeURIComponent(eventId)}`,
}

function eventPath(eventId: string): string {
  return `/events/${encodeURIComponent(eventId)}`
}

function auditQuery(eventId: string | null, before: string | null): string {
  const query = new URLSearchParams({ limit: '50' })
  if (eventId !== null) query.set('eventId', eventId)
  if (before !== null) query.set('before', before)
  return query.toString()
}
