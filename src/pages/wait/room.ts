/** What a waiting room knows, and the situation that follows from it. Shared by the server and the page's script. */
import type { EtaSeconds, EventStatusName, Place } from '../../client/contract.ts'
import type { Connection, Standing } from '../../client/standing.ts'
import type { Phase, Texts } from './texts.ts'

export type PacePerMinute = { readonly low: number; readonly high: number }

/** What the server hands to the script, in `data-room`. */
export type RoomData = {
  readonly eventId: string
  readonly eventName: string
  /** Null when the line could not be asked. */
  readonly eventStatus: EventStatusName | null
  readonly isHolding: boolean
  readonly opensAt: string | null
  readonly pacePerMinute: PacePerMinute | null
  readonly place: Place | null
  /** Why there is none: a problem code; `not-joined`: the visitor can join; `busy`: the line could not be asked. */
  readonly refusal: string | null
  /** False: whoever loaded the page has no session. */
  readonly isKnown: boolean
  /** Where the admitted go; null: the shop is reached another way. */
  readonly shop: Shop | null
  readonly language: string
  readonly texts: Texts
  readonly nowMs: number
}

export type Shop = {
  readonly url: string
  /** How the token travels: in the body of a form's POST, in the fragment of the address, or not at all: the link does it. */
  readonly tokenBy: 'form' | 'fragment' | 'link'
  /** 0: only when the visitor presses the button. */
  readonly enterAfterSeconds: number
  /** Where in the shop the visitor wanted to go: a path; with a link an address. */
  readonly returnPath: string | null
}

/** Everything that the view depends on. */
export type Room = Pick<
  RoomData,
  'eventName' | 'eventStatus' | 'isHolding' | 'opensAt' | 'pacePerMinute' | 'refusal'
> & {
  readonly hasShop: boolean
  /** Null: not in line. */
  readonly standing: Standing | null
  readonly connection: Connection
  /** The position at which the bar starts. */
  readonly firstPosition: number | null
  /** Usher's time. */
  readonly nowMs: number
}

/**
 * The pace that a wait at a position was reckoned with; null when the numbers are too small to tell it.
 */
export function paceAt(position: number, eta: EtaSeconds | null): PacePerMinute | null {
  if (eta === null || eta.low < 20) return null
  return { low: (position * 60) / eta.high, high: (position * 60) / eta.low }
}

export function phaseOf(room: Room): Phase {
  const { standing } = room
  if (standing === null) return outsidePhase(room)
  if (standing.state === 'waiting') return waitingPhase(room, standing.position)
  if (standing.state === 'admitted') {
    if (standing.expiresAtMs <= room.nowMs) return 'entered'
    return room.hasShop ? 'admitted' : 'ready'
  }
  // The place says only that it has expired; why, the event says.
  const { eventStatus } = room
  const isOver = eventStatus === 'sold_out' || eventStatus === 'closed'
  return standing.reason === 'expired' && isOver ? eventStatus : standing.reason
}

function waitingPhase({ eventStatus, isHolding }: Room, position: number | null): Phase {
  if (eventStatus === 'paused') return 'paused'
  if (position === null) return 'drawing'
  if (eventStatus === 'scheduled') return 'unopened'
  if (isHolding) return 'held'
  return position === 1 ? 'next' : 'waiting'
}

function outsidePhase({ eventStatus, refusal, opensAt }: Room): Phase {
  if (refusal === null) return 'joining'
  if (refusal === 'sold-out' || eventStatus === 'sold_out') return 'sold_out'
  if (refusal === 'queue-rejecting') return 'refused'
  if (refusal === 'forbidden' || refusal === 'unauthenticated') return 'stranger'
  if (refusal === 'event-not-found') return 'missing'
  if (refusal === 'not-joined') return 'outside'
  if (refusal !== 'event-not-open') return 'busy'
  if (eventStatus === 'closed') return 'closed'
  return opensAt === null ? 'unopened' : 'scheduled'
}
