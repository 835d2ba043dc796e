/** Every problem that the API can answer: the code is the failure's reason, and is API (docs/problems.md). */
import { DROP_PROBLEMS } from '../drops/http/problems.ts'
import { PURCHASE_PROBLEMS } from '../purchase/http/problems.ts'
import type { Failure } from './failure.ts'

export type ProblemCode = Failure['reason']

export type ProblemKind = {
  readonly status: number
  /** The same for every occurrence (RFC 9457, 3.1.3). */
  readonly title: string
  /** What it means and what to do about it; safe for strangers. */
  readonly detail: string
  /** Sent as `Retry-After` unless the failure knows better. */
  readonly retryAfterSeconds?: number
}

export const PROBLEMS: Readonly<Record<ProblemCode, ProblemKind>> = {
  'invalid-request': {
    status: 400,
    title: 'Invalid request',
    detail: 'The request does not fit this endpoint; `errors` names the fields.',
  },
  unauthenticated: {
    status: 401,
    title: 'Not authenticated',
    detail: 'A valid credential is needed: a bearer token, or in a browser the session cookie.',
  },
  'token-invalid': {
    status: 401,
    title: 'Entry token invalid',
    detail: 'The entry token was not issued here for this purpose, or was changed on the way.',
  },
  forbidden: {
    status: 403,
    title: 'Forbidden',
    detail: 'The credential is valid, but not of the kind that may do this.',
  },
  'cross-site-request': {
    status: 403,
    title: 'Cross-site request refused',
    detail: 'A request that relies on a cookie must come from the same origin.',
  },
  'entry-token-required': {
    status: 403,
    title: 'Entry token required',
    detail:
      "This needs the visitor's own entry token of an admission that is alive, in the header Entry-Token; `fault` says what is wrong with it.",
  },
  'entry-token-wrong-event': {
    status: 403,
    title: 'Entry token of another event',
    detail: 'The entry token in the header Entry-Token admits to another event.',
  },
  'queue-rejecting': {
    status: 403,
    title: 'Queue is rejecting',
    detail: 'This event takes nobody into its line.',
  },
  'not-found': { status: 404, title: 'Not found', detail: 'There is nothing at this address.' },
  'event-not-found': { status: 404, title: 'Event not found', detail: 'There is no event with this id.' },
  'not-in-queue': {
    status: 404,
    title: 'Not in the queue',
    detail: 'This visitor has not joined the line of this event.',
  },
  'admission-not-found': {
    status: 404,
    title: 'Admission not found',
    detail: 'There is no admission with this id.',
  },
  'pool-not-found': { status: 404, title: 'Pool not found', detail: 'There is no pool with this id.' },
  'dead-letter-not-found': {
    status: 404,
    title: 'Dead letter not found',
    detail: 'No webhook with this id is among the dead letters: it was delivered, or is too old.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    detail: 'This address knows only the methods named in the Allow header.',
  },
  'event-not-open': {
    status: 409,
    title: 'Event not open',
    detail: 'The event takes nobody into its line in its present status.',
  },
  'invalid-transition': {
    status: 409,
    title: 'Invalid transition',
    detail: 'The event cannot do this in its present status.',
  },
  'event-not-closed': {
    status: 409,
    title: 'Event not closed',
    detail: 'Only a closed event that nobody is admitted to can be deleted.',
  },
  'token-already-redeemed': {
    status: 409,
    title: 'Entry token already redeemed',
    detail: 'Another session has redeemed this entry token.',
  },
  'request-in-progress': {
    status: 409,
    title: 'Request in progress',
    detail: 'The first request with this idempotency key has not been answered yet.',
    retryAfterSeconds: 1,
  },
  'sold-out': { status: 410, title: 'Sold out', detail: 'Nothing is left.' },
  'token-expired': {
    status: 410,
    title: 'Entry token expired',
    detail: 'The entry token was not redeemed in time.',
  },
  'admission-ended': { status: 410, title: 'Admission ended', detail: 'This admission has ended.' },
  'body-too-large': {
    status: 413,
    title: 'Body too large',
    detail: 'The body of a request may have at most 64 KiB.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    detail: 'The body must be application/json.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'Idempotency key reused',
    detail: 'This idempotency key belongs to another request.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    detail: 'Too many requests in a short time; a place in a line is not affected.',
    retryAfterSeconds: 10,
  },
  'internal-error': {
    status: 500,
    title: 'Internal error',
    detail: 'Something failed on our side. Give the request id when you report it.',
  },
  misconfigured: {
    status: 503,
    title: 'Misconfigured',
    detail: 'This deployment is not configured completely and serves nothing.',
    retryAfterSeconds: 60,
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    detail: 'Too much is asked of this event at the moment; repeat the request.',
    retryAfterSeconds: 2,
  },
  'store-unavailable': {
    status: 503,
    title: 'Store unavailable',
    detail: 'A part that this needs does not answer at the moment; the request can be repeated.',
    retryAfterSeconds: 2,
  },
  'identity-unavailable': {
    status: 503,
    title: 'Identity provider unavailable',
    detail: 'The keys of the identity provider cannot be fetched at the moment.',
    retryAfterSeconds: 5,
  },
  ...PURCHASE_PROBLEMS,
  ...DROP_PROBLEMS,
}

/** Narrows a code that came over a wire. */
export function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === 'string' && Object.hasOwn(PROBLEMS, code)
}
