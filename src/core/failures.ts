/** Why a line or the registry refused: values, mapped to problem+json in exactly one place (src/http/problem.ts). */
import type { EventAction, EventStatusName } from './event-config.ts'
import { err } from './result.ts'

export type LineFailure =
  | { readonly reason: 'event-not-found' }
  | { readonly reason: 'event-not-open'; readonly status: EventStatusName }
  | { readonly reason: 'sold-out' }
  | { readonly reason: 'queue-rejecting' }
  | { readonly reason: 'not-in-queue' }
  | { readonly reason: 'invalid-transition'; readonly status: EventStatusName; readonly action: EventAction }
  | { readonly reason: 'event-not-closed' }
  | { readonly reason: 'token-already-redeemed' }
  | { readonly reason: 'token-expired' }
  | { readonly reason: 'admission-ended' }
  | { readonly reason: 'admission-not-found' }
  | { readonly reason: 'pool-not-found'; readonly poolId: string }
  | { readonly reason: 'store-unavailable' }
  | { readonly reason: 'overloaded'; readonly retryAfterSeconds: number }

export const NO_EVENT = err({ reason: 'event-not-found' } as const)
/** Nothing is known of what was asked for; it may be asked again. */
export const OVERLOADED = err({ reason: 'overloaded', retryAfterSeconds: 1 } as const)
