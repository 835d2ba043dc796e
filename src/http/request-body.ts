/** Reads bodies: bounded whatever the headers claim, UTF-8, JSON only. */
import type * as z from 'zod'
import { TimedOut, withTimeout } from '../bounded.ts'
import { readAtMost } from '../bounded-body.ts'
import { err, ok } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import { invalidRequest } from './failure.ts'
import type { GatewayFailure } from './failure.ts'
import { validated } from './validated.ts'

/** No request of the contract comes near; more is an accident or an attack. */
export const BODY_BYTES_MAX = 64 * 1024

/** 64 KiB take this long at modem speed; a sender who is slower holds a connection for nothing. */
export const BODY_DEADLINE_MS = 10_000

/**
 * The text of the body, empty when there is none. The bytes are counted: Content-Length may lie or be absent. All of
 * it has to arrive within `deadlineMs`.
 */
export async function readBody(
  request: Request,
  deadlineMs = BODY_DEADLINE_MS,
): Promise<Result<string, GatewayFailure>> {
  const length = request.headers.get('Content-Length')
  if (Number(length ?? 0) > BODY_BYTES_MAX) return err({ reason: 'body-too-large' })
  // Most joins: a reader and its deadline would cost more than the rest of the request.
  if (length === '0') return ok('')
  const read = await readBounded(request.body, deadlineMs)
  if (!read.ok) return read
  const bytes = read.value
  if (bytes.byteLength === 0) return ok('')
  if (!isJson(request.headers.get('Content-Type'))) return err({ reason: 'unsupported-media-type' })
  try {
    return ok(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes))
  } catch {
    // Bytes that are no UTF-8 (RFC 8259, 8.1).
    return err(invalidRequest({ pointer: '', detail: 'The body is not UTF-8.' }))
  }
}

/** Parses and validates. An absent body counts as `{}`, which fits exactly those schemas that require nothing. */
export function parseBody<T extends z.ZodType>(text: string, schema: T): Result<z.output<T>, GatewayFailure> {
  let value: unknown
  try {
    value = text === '' ? {} : JSON.parse(text)
  } catch {
    // Not JSON.
    return err(invalidRequest({ pointer: '', detail: 'The body is not JSON.' }))
  }
  return validated(value, schema)
}

async function readBounded(
  body: Request['body'],
  deadlineMs: number,
): Promise<Result<Uint8Array, GatewayFailure>> {
  if (body === null) return ok(new Uint8Array())
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader()
  try {
    const bytes = await withTimeout(readAtMost(reader, BODY_BYTES_MAX), deadlineMs)
    return bytes === null ? err({ reason: 'body-too-large' }) : ok(bytes)
  } catch (error) {
    if (!(error instanceof TimedOut)) throw error
    // The sender learns it from the answer; that the rest is not wanted is the connection's business.
    reader.cancel().catch(() => {})
    return err(
      invalidRequest({ pointer: '', detail: `The body did not arrive within ${deadlineMs / 1_000} s.` }),
    )
  }
}

function isJson(contentType: string | null): boolean {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json'
}
