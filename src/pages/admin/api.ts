/**
 * The operator's API as the console calls it: same origin, by the session cookie, which no script can read. Every call
 * has an end, and every outcome is a value.
 */
import type { EventAction } from '../../core/event-config.ts'
import { err, ok } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import type {
  Admission,
  AuditPage,
  EventDetail,
  OperatorSession,
  Pool,
  Series,
  VisitorHistory,
} from './model/answers.ts'
import type { EventBody } from './model/event-form.ts'
import type { Body } from './model/fields.ts'
import { failureOf, isSignedOut } from './model/failure.ts'
import type { Failure } from './model/failure.ts'

export type Answer<T> = Promise<Result<T, Failure>>

/** Longer than the server waits for anything itself, so that it is the server that says what was slow. */
const TIMEOUT_SECONDS = 12

const BASE = '/api/v1/admin'

/** @param onSignedOut called when a call finds that the session is over; not for a key that is wrong. */
export function createApi({ onSignedOut }: { readonly onSignedOut: () => void }) {
  const call = async <T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Answer<T> => {
    const answer = await send<T>(method, path, body, signal)
    if (!answer.ok && isSignedOut(answer.error)) onSignedOut()
    return answer
  }
  return {
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

async function send<T>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Result<T, Failure>> {
  const timeout = AbortSignal.timeout(TIMEOUT_SECONDS * 1_000)
  try {
    const response = await fetch(BASE + path, {
      method,
      signal: signal === undefined ? timeout : anyOf(signal, timeout),
      credentials: 'same-origin',
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json' },
      }),
    })
    const answer =
      response.status === 204 ? null : ((await response.json().catch(() => undefined)) as unknown)
    if (!response.ok) return err(failureOf(response.status, answer, response.headers))
    if (answer === undefined) return err({ kind: 'unreadable', status: response.status })
    // The same Worker serves this page and its API, so that the types of one are those of the other.
    return ok(answer as T)
  } catch {
    return err(timeout.aborted ? { kind: 'timeout', afterSeconds: TIMEOUT_SECONDS } : { kind: 'unreachable' })
  }
}

/** `AbortSignal.any` for browsers that are older than it. */
function anyOf(...signals: readonly AbortSignal[]): AbortSignal {
  const either = new AbortController()
  for (const signal of signals) {
    if (signal.aborted) either.abort()
    signal.addEventListener('abort', () => either.abort(), { signal: either.signal })
  }
  return either.signal
}
