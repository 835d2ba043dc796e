/** The only place that turns a failure into an HTTP answer: problem+json (RFC 9457). */
import { dropExtensions } from '../drops/http/problems.ts'
import { purchaseExtensions } from '../purchase/http/problems.ts'
import type { Failure } from './failure.ts'
import { PROBLEMS } from './problem-catalog.ts'

export const PROBLEM_TYPE_BASE = 'https://usher.dev/problems/'

/** The texts of failures that say nothing beside their reason: whoever refuses thousands a second writes each once. */
const plainTexts = new Map<Failure['reason'], string>()

/** The complete answer to a failed request. `requestId` becomes `instance`, so that a report can be found in the log. */
export function problemResponse(failure: Failure, requestId: string): Response {
  const { status } = PROBLEMS[failure.reason]
  const text = isPlain(failure) ? plainText(failure, requestId) : JSON.stringify(bodyOf(failure, requestId))
  return new Response(text, { status, headers: headersOf(failure, status) })
}

function isPlain(failure: Failure): boolean {
  for (const field in failure) if (field !== 'reason') return false
  return true
}

function plainText(failure: Failure, requestId: string): string {
  const known = plainTexts.get(failure.reason)
  const text = known ?? JSON.stringify(bodyOf(failure, ''))
  if (known === undefined) plainTexts.set(failure.reason, text)
  return text.replace('"instance":""', () => `"instance":${JSON.stringify(requestId)}`)
}

function bodyOf(failure: Failure, requestId: string): object {
  const { status, title, detail } = PROBLEMS[failure.reason]
  return {
    type: PROBLEM_TYPE_BASE + failure.reason,
    title,
    status,
    detail,
    instance: requestId,
    code: failure.reason,
    ...extensionsOf(failure),
  }
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
