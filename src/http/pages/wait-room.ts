/** From a request for the waiting page to what the page is made of. */
import type { EventStatus, EventVisit } from '../../core/views.ts'
import type { RoomData, Shop } from '../../pages/wait/room.ts'
import { authenticate } from '../credentials.ts'
import type { GatewayDeps } from '../gateway-deps.ts'
import type { Language } from '../languages.ts'
import { allowedTarget, queueItEntryPath } from '../queue-it-target.ts'
import { returnPathOf } from '../return-path.ts'

/** Null for whoever is not a visitor with a good session. */
export async function visitorOf(
  request: Request,
  deps: GatewayDeps,
): Promise<{ readonly userId: string; readonly byCookie: boolean } | null> {
  const found = await authenticate(request.headers, 'visitor', deps)
  if (!found.ok || found.value.caller.kind !== 'visitor') return null
  return { userId: found.value.caller.userId, byCookie: found.value.byCookie !== null }
}

/** `return`, or `t` as others call it: a path of the shop, or the address of a shop with a connector of Queue-it. */
export function returnPathIn(request: Request, { config }: GatewayDeps): string | null {
  const { searchParams } = new URL(request.url)
  const wanted = searchParams.get('return') ?? searchParams.get('t')
  return allowedTarget(wanted, config.queueIt)?.href ?? returnPathOf(wanted, config.shopUrl)
}

export function roomData(
  visit: EventVisit | null,
  request: Pick<RoomData, 'eventId' | 'isKnown' | 'refusal'> & { readonly returnPath: string | null },
  { tag, texts }: Language,
  { config, nowMs }: GatewayDeps,
): RoomData {
  const { eventId, isKnown, refusal, returnPath } = request
  return {
    eventId,
    eventName: visit?.status.name ?? eventId,
    eventStatus: visit?.status.status ?? null,
    isHolding: visit?.status.holding ?? false,
    opensAt: visit?.status.opensAt ?? null,
    pacePerMinute: visit?.pacePerMinute ?? null,
    place: visit?.place ?? null,
    refusal,
    isKnown,
    shop: shopOf(config, eventId, returnPath),
    language: tag,
    texts,
    nowMs: nowMs(),
  }
}

function shopOf(
  { shopUrl, shopTokenBy, shopEnterAfterSeconds: enterAfterSeconds, queueIt }: GatewayDeps['config'],
  eventId: string,
  returnPath: string | null,
): Shop | null {
  const target = allowedTarget(returnPath, queueIt)
  if (queueIt !== null && (target !== null || shopUrl === null)) {
    return { url: queueItEntryPath(eventId, target), tokenBy: 'link', enterAfterSeconds, returnPath }
  }
  if (shopUrl === null) return null
  return { url: shopUrl, tokenBy: shopTokenBy, enterAfterSeconds, returnPath }
}

/** Why this visitor would not get a place now, in the words of `Room.refusal`; `not-joined`: they would. */
export function refusalOf(visit: EventVisit | null, canBeGuest: boolean): string | null {
  if (visit === null) return 'busy'
  if (visit.place !== null) return null
  if (!canBeGuest) return 'unauthenticated'
  const { status, queueing } = visit.status
  if (status === 'sold_out') return 'sold-out'
  if (queueing === 'reject') return 'queue-rejecting'
  return takesJoins(visit.status) ? 'not-joined' : 'event-not-open'
}

/** Whether anybody can join now: docs/states.md, the table of statuses. */
export function takesJoins({ status, queueing }: EventStatus): boolean {
  if (queueing === 'reject') return false
  return status === 'open' || status === 'paused' || (status === 'scheduled' && queueing === 'lottery')
}
