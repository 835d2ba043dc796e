/**
 * The tokens that Queue-it's published connectors accept (KnownUser V3 and @queue-it/connector-javascript 5.0.1, read):
 * `e_<event>~q_<queue id>~ts_<expiry>~ce_<extendable>~cv_<minutes>~rt_<type>[~hip_<address>]~h_<hmac>`. Keys and values
 * are parted at `_` and fields at `~`, and a field with one too many is dropped, so no value may contain either.
 */
import { createHmac } from 'node:crypto'
import { admissionIdFor, isAdmissionId } from '../core/ids.ts'

export type QueueItGrant = {
  readonly eventId: string
  readonly admissionId: string
  /** Until when a connector takes the token, milliseconds since 1970; cut to seconds. */
  readonly expiresAtMs: number
  /** How long the session in the shop lasts, from the moment that the connector sees the token. */
  readonly validityMinutes: number
  /** The visitor's address, when the token is to be good from there alone. */
  readonly address: string | null
}

/**
 * Ids that connectors take: parted as above, an id with `_` is lost; and the hash of the connectors' cookie is made of
 * the id in small letters but checked as it is, so that one with a capital letter is refused from the second page on.
 */
export const QUEUE_IT_EVENT_PATTERN = /^[a-z0-9][a-z0-9-]{0,63}$/

/** Signed with HMAC-SHA256 in hex over everything before `~h_`. */
export function queueItToken(grant: QueueItGrant, secretKey: string): string {
  const { eventId, admissionId, expiresAtMs, validityMinutes, address } = grant
  const fields = [
    `e_${eventId}`,
    `q_${queueIdOf(admissionId)}`,
    `ts_${Math.floor(expiresAtMs / 1_000)}`,
    // With a fixed validity the connector never makes the session longer, so it cannot outlive the lease.
    'ce_false',
    `cv_${validityMinutes}`,
    'rt_queue',
    ...(address === null ? [] : [`hip_${hmac(address, secretKey)}`]),
  ]
  const signed = fields.join('~')
  return `${signed}~h_${hmac(signed, secretKey)}`
}

/** The random part of an admission's id, written as a UUID: the alphabet of base64url has a `_`. */
export function queueIdOf(admissionId: string): string {
  const [, random = ''] = admissionId.split('.')
  return Buffer.from(random, 'base64url')
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Null for what is no queue id of ours. */
export function admissionIdOfQueueId(eventId: string, queueId: string): string | null {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(queueId)) return null
  const random = Buffer.from(queueId.replaceAll('-', ''), 'hex').toString('base64url')
  const admissionId = admissionIdFor(eventId, random)
  return isAdmissionId(admissionId) ? admissionId : null
}

function hmac(text: string, secretKey: string): string {
  return createHmac('sha256', secretKey).update(text).digest('hex')
}
