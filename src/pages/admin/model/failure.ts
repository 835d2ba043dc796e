/** Why a call did not do what was asked, and how that is told: what happened, then what to do about it. */
import { texts } from '../texts.ts'
import { durationText } from './format.ts'

export type FieldFault = { readonly pointer: string; readonly detail: string }

export type Failure =
  | {
      /** The server refused, and said why (RFC 9457). */
      readonly kind: 'problem'
      readonly status: number
      readonly code: string
      readonly detail: string
      readonly requestId: string | null
      readonly retryAfterSeconds: number | null
      /** Only of `invalid-request`. */
      readonly errors: readonly FieldFault[]
      /** Only of `invalid-transition`: the status that forbids the action. */
      readonly eventStatus: string | null
    }
  /** No answer: the network, or the server is away. */
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'timeout'; readonly afterSeconds: number }
  /** An answer that is none of ours: something between, a proxy's page for example. */
  | { readonly kind: 'unreadable'; readonly status: number }

/** One or two sentences for the operator. */
export function failureText(failure: Failure): string {
  switch (failure.kind) {
    case 'unreachable':
      return texts.failures.unreachable
    case 'timeout':
      return texts.failures.timeout(durationText(failure.afterSeconds))
    case 'unreadable':
      return texts.failures.unreadable(failure.status)
    case 'problem':
      return problemText(failure)
  }
}

function problemText(problem: Extract<Failure, { kind: 'problem' }>): string {
  const { code, detail, eventStatus, retryAfterSeconds, requestId } = problem
  const known: Readonly<Record<string, string>> = texts.failures.byCode
  if (code === 'invalid-transition' && eventStatus !== null)
    return texts.failures.transition(
      texts.statuses[eventStatus as keyof typeof texts.statuses] ?? eventStatus,
    )
  if (code === 'rate-limited') return texts.failures.rateLimited(durationText(retryAfterSeconds ?? 10))
  if (code === 'internal-error') return texts.failures.internal(requestId ?? '')
  return known[code] ?? detail
}

/** Whether the session is over, so that the key is needed again. */
export function isSignedOut(failure: Failure): boolean {
  return failure.kind === 'problem' && failure.code === 'unauthenticated'
}

/** Whether it only says that no operator is signed in: nobody at all, or a visitor. */
export function isNobody(failure: Failure): boolean {
  return failure.kind === 'problem' && (failure.status === 401 || failure.status === 403)
}

/** Reads a problem's body; `unreadable` when it is none. */
export function failureOf(
  status: number,
  body: unknown,
  headers: { readonly get: (name: string) => string | null },
): Failure {
  if (typeof body !== 'object' || body === null) return { kind: 'unreadable', status }
  const { code, detail, instance, errors, eventStatus } = body as Readonly<Record<string, unknown>>
  if (typeof code !== 'string' || typeof detail !== 'string') return { kind: 'unreadable', status }
  const retryAfter = Number(headers.get('Retry-After') ?? Number.NaN)
  return {
    kind: 'problem',
    status,
    code,
    detail,
    requestId: typeof instance === 'string' ? instance : null,
    retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : null,
    errors: Array.isArray(errors) ? errors.filter(isFieldFault) : [],
    eventStatus: typeof eventStatus === 'string' ? eventStatus : null,
  }
}

function isFieldFault(value: unknown): value is FieldFault {
  if (typeof value !== 'object' || value === null) return false
  const { pointer, detail } = value as Readonly<Record<string, unknown>>
  return typeof pointer === 'string' && typeof detail === 'string'
}
