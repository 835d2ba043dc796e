/** The only place that turns a failure into an HTTP answer: problem+json (RFC 9457). */
import { dropExtensions } from '../drops/http/problems.ts'
import { purchaseExtensions } from '../purchase/http/problems.ts'
import type { Failure } from './failure.ts'
import { PROBLEMS } from './problem-catalog.ts'

export const PROBLEM_TYPE_BASE = 'https://usher.dev/problems/'

/** The complete answer to a failed request. `requestId` becomes `instance`, so that a report can be found in the log. */
export function problemResponse(failure: Failure, requestId: string): Response {
  const { status, title, detail } = PROBLEMS[failure.reason]
  const body = {
    type: PROBLEM_TYPE_BASE + failure.reason,
    title,
    status,
    detail,
    instance: requestId,
    code: failure.reason,
    ...extensionsOf(failure),
  }
  return new Response(JSON.stringify(body), { status, headers: headersOf(failure, status) })
}

function headersOf(failure: Failure, status: number): Record<string, string> {
  const headers: Record<string, string> = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
  }
  const retryAfterSeconds = retryAfterOf(failure)
  if (retryAfterSeconds !== undefined) headers['Retry-After'] = String(retryAfterSeconds)
  // RFC 9110, 11.6.1 and 15.5.6: a 401 names the scheme, a 405 the methods.
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer'
  if (failure.reason === 'method-not-allowed') headers['Allow'] = failure.allow.join(', ')
  return headers
}

export function retryAfterOf(failure: Failure): number | undefined {
  if ('retryAfterSeconds' in failure) return failure.retryAfterSeconds
  return PROBLEMS[failure.reason].retryAfterSeconds
}

function extensionsOf(failure: Failure): Record<string, unknown> {
  switch (failure.reason) {
    case 'invalid-request':
      return { errors: failure.errors }
    // `status` is the HTTP status of a problem, so the event's has another name.
    case 'event-not-open':
      return { eventStatus: failure.status }
    case 'invalid-transition':
      return { eventStatus: failure.status, action: failure.action }
    case 'pool-not-found':
      return { poolId: failure.poolId }
    case 'entry-token-required':
      return { fault: failure.fault }
    default:
      return { ...purchaseExtensions(failure), ...dropExtensions(failure) }
  }
}
