/**
 * `Idempotency-Key`: the same key and request get the first answer again, the same key with another request is
 * refused. Only successes are kept: a refusal changed nothing, so its retry may try anew.
 *
 * `runOnce` remembers answers for endpoints that cannot. Without the header it asks nothing of anybody. An object that
 * writes anyway remembers them itself, by the name that `operationOf` gives the request: two calls and two commits less.
 */
import { err, ok } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import { errorFields } from '../observability/log.ts'
import type { BeginReply, Kept, OperationName, StoredAnswer } from '../ports/idempotency.ts'
import { clientAddressOf } from './client-address.ts'
import { sha256Base64Url } from './digest.ts'
import type { Caller } from './endpoint.ts'
import { invalidRequest } from './failure.ts'
import type { Failure } from './failure.ts'
import type { GatewayDeps } from './gateway-deps.ts'
import { json } from './reply.ts'

const KEY_PATTERN = /^[\x20-\x7e]{1,128}$/
const REPLAYED = { 'Idempotency-Replayed': 'true' } as const

/** The headers that are part of an answer; the common ones are set anew each time. */
const KEPT_HEADERS = ['Content-Type', 'Set-Cookie'] as const

type Attempt = { readonly key: string; readonly attempt: string }
type KeyedRequest = { readonly request: Request; readonly caller: Caller; readonly bodyText: string }
type Run = () => Promise<Result<Response, Failure>>

/** Runs the request unless its key says that it has been answered, is being answered, or was another request. */
export async function runOnce(
  keyed: KeyedRequest,
  { idempotency, log }: Pick<GatewayDeps, 'idempotency' | 'log'>,
  run: Run,
): Promise<Result<Response, Failure>> {
  const given = keyOf(keyed.request)
  if (given === null) return run()
  const key = digestOf(keyed, given)
  const begun = await idempotency.begin(key, requestHashOf(keyed))
  if (begun.kind !== 'fresh') return earlierAnswer(begun)
  const { attempt } = begun
  return settle({ key, attempt }, { idempotency, log }, run)
}

/** @returns `invalid-request` for a key that is none. */
export function checkKey(request: Request): Result<null, Failure> {
  const given = keyOf(request)
  return given === null || KEY_PATTERN.test(given)
    ? ok(null)
    : err(invalidRequest({ pointer: '/Idempotency-Key', detail: 'Must be 1 to 128 printable characters.' }))
}

/** Whether it can have been made before: without a key each request is its own. */
export function isKeyed(request: Request): boolean {
  return keyOf(request) !== null
}

/** Names what a request does: the same caller with the same key is the same operation. */
export function operationOf(keyed: KeyedRequest): OperationName {
  const given = keyOf(keyed.request)
  const operationId = given === null ? crypto.randomUUID() : digestOf(keyed, given)
  return { operationId, requestHash: requestHashOf(keyed) }
}

/** The answer of an object that remembers the first one. */
export function keptJson(status: number, { answer, isReplay }: Kept<unknown>): Response {
  return json(status, answer, isReplay ? REPLAYED : {})
}

function earlierAnswer(begun: Exclude<BeginReply, { kind: 'fresh' }>): Result<Response, Failure> {
  if (begun.kind === 'mismatch') return err({ reason: 'idempotency-key-reused' })
  if (begun.kind === 'in-progress') return err({ reason: 'request-in-progress' })
  const { status, headers, body } = begun.answer
  const response = new Response(body, {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  })
  for (const [name, value] of Object.entries(REPLAYED)) response.headers.set(name, value)
  return ok(response)
}

async function settle(
  { key, attempt }: Attempt,
  { idempotency, log }: Pick<GatewayDeps, 'idempotency' | 'log'>,
  run: Run,
): Promise<Result<Response, Failure>> {
  let result: Result<Response, Failure> | undefined
  try {
    result = await run()
    return result
  } finally {
    try {
      if (result?.ok === true)
        await idempotency.finish(key, attempt, await storedAnswer(result.value.clone()))
      else await idempotency.abandon(key, attempt)
    } catch (error) {
      // The shard did not take the outcome. The request stands as it is; its mark lapses by itself.
      log.warn('idempotency_unsettled', errorFields(error))
    }
  }
}

async function storedAnswer(response: Response): Promise<StoredAnswer> {
  const headers = KEPT_HEADERS.flatMap((name): [string, string][] => {
    const value = response.headers.get(name)
    return value === null ? [] : [[name, value]]
  })
  return { status: response.status, headers, body: await response.text() }
}

function keyOf({ headers }: Request): string | null {
  return headers.get('Idempotency-Key')
}

function digestOf(keyed: Pick<KeyedRequest, 'request' | 'caller'>, key: string): string {
  return sha256Base64Url(JSON.stringify([principalOf(keyed), key]))
}

/** Keys of different callers never meet. Somebody without a credential is told apart by address and program. */
function principalOf({ caller, request }: Pick<KeyedRequest, 'request' | 'caller'>): string[] {
  if (caller === null)
    return ['anybody', clientAddressOf(request.headers), request.headers.get('User-Agent') ?? '']
  return caller.kind === 'visitor' ? ['visitor', caller.userId] : [caller.kind]
}

function requestHashOf({ request, bodyText }: KeyedRequest): string {
  const { pathname, search } = new URL(request.url)
  // An absent body is read as `{}`, so it is the same request.
  return sha256Base64Url(
    JSON.stringify([request.method, pathname + search, bodyText === '' ? '{}' : bodyText]),
  )
}
