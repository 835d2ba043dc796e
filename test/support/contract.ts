/** What every answer of the HTTP contract has in common, as checks. */
import { expect } from 'vitest'
import { ADMIN_KEY, ORIGIN_KEY, type Answer } from './usher.ts'

/** As every time outside a stream is written. */
export const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

/** A time so many seconds from now, as it is written. */
export function fromNow(seconds: number): string {
  return new Date(Date.now() + seconds * 1_000).toISOString()
}

/** Beyond the contract's list: `joinNumber`, the input of a draw, and `number`, which the document of progress needs. */
export const PLACE_FIELDS = [
  'admissionId',
  'entryToken',
  'entryTokenExpiresAt',
  'etaSeconds',
  'eventId',
  'joinNumber',
  'joinedAt',
  'leaseExpiresAt',
  'number',
  'pollAfterMs',
  'position',
  'state',
  'totalWaiting',
  'userId',
]

/** `holding` beyond the contract's list: it says that the line waits for the shared store. */
export const EVENT_STATUS_FIELDS = [
  'admitPerMinute',
  'admitted',
  'capacity',
  'closesAt',
  'etaSeconds',
  'eventId',
  'holding',
  'name',
  'nowServing',
  'opensAt',
  'queueing',
  'status',
  'updatedAt',
  'waiting',
]

export const ADMISSION_FIELDS = [
  'admissionId',
  'admittedAt',
  'endedAt',
  'eventId',
  'leaseExpiresAt',
  'outcome',
  'redeemedAt',
  'state',
  'userId',
]

/** The names of an object's fields, in alphabetical order. */
export function fieldsOf(value: object): string[] {
  return Object.keys(value).toSorted((a, b) => (a < b ? -1 : 1))
}

/** Neither a stack, nor a token, nor a key, nor the name of one. */
const NEVER_SAID = new RegExp(
  [
    ADMIN_KEY,
    ORIGIN_KEY,
    'API_KEY',
    'SECRET',
    'UPSTASH',
    'eyJ[A-Za-z0-9_-]{8}',
    '\\.[jt]s:\\d',
    '\\bat [\\w.#<>]+ \\(',
  ].join('|'),
)

/** A refusal as RFC 9457 and the contract want it. `code` is also the end of the type. */
export function expectProblem(answer: Answer, status: number, code: string): void {
  const { headers, body } = answer
  expect({ status: answer.status, code: body.code }).toEqual({ status, code })
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json(;|$)/)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('x-request-id')).toBeTruthy()
  expect(body).toMatchObject({
    type: `https://usher.dev/problems/${code}`,
    title: expect.stringMatching(/./),
    status,
    detail: expect.stringMatching(/./),
    instance: headers.get('x-request-id'),
  })
  expect(JSON.stringify(body)).not.toMatch(NEVER_SAID)
  if (status === 429 || status === 503) expectRetryAfter(answer)
  if (status === 401) expect(headers.get('www-authenticate')).toMatch(/^Bearer/)
}

/** Whole seconds, at least one. */
export function expectRetryAfter({ headers }: Answer): void {
  expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
}

/** A refusal of a body that names the fields at fault, as JSON pointers. */
export function expectFaults(answer: Answer, ...pointers: readonly string[]): void {
  expectProblem(answer, 400, 'invalid-request')
  const errors = answer.body.errors as { pointer: string; detail: string }[]
  expect(errors.map(({ pointer }) => pointer)).toEqual(pointers)
  for (const { detail } of errors) expect(detail).toMatch(/./)
}
