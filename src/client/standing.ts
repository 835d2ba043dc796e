/** How a visitor stands, as whoever shows it needs it. */
import type { EndReason, EtaSeconds, Place } from './contract.ts'

/** `polling`: as good as `live`, some seconds later. `away`: Usher does not answer. `offline`: the device says so. */
export type Connection = 'connecting' | 'live' | 'polling' | 'away' | 'offline'

export type Standing =
  | {
      readonly state: 'waiting'
      /** 1 is the head; never grows (INV-8). Null in a lottery until the draw. */
      readonly position: number | null
      readonly totalWaiting: number
      readonly etaSeconds: EtaSeconds | null
    }
  | {
      readonly state: 'admitted'
      readonly admissionId: string
      /** For the shop: in the body of a POST or in a fragment, never in a query. */
      readonly entryToken: string
      /** By Usher's clock: see `skewMs`. */
      readonly expiresAtMs: number
    }
  /** Nothing follows. `replaced`: the same visitor follows elsewhere. `lost`: Usher does not know the place any more. */
  | { readonly state: 'ended'; readonly reason: EndReason | 'lost' }

/** A position that was shown does not grow (INV-8). */
export function smaller(position: number | null, shown: number | null): number | null {
  return position === null || shown === null ? position : Math.min(position, shown)
}

export function admitted(admissionId: string, entryToken: string, expiresAt: string): Standing {
  return { state: 'admitted', admissionId, entryToken, expiresAtMs: Date.parse(expiresAt) }
}

/** @param shown the position that the same place was last told; null if none */
export function standingOf(place: Place, shown: number | null): Standing {
  const { state, position, totalWaiting, etaSeconds: eta } = place
  if (state === 'WAITING')
    return { state: 'waiting', position: smaller(position, shown), totalWaiting, etaSeconds: eta }
  if (state === 'ADMITTED')
    return admitted(place.admissionId ?? '', place.entryToken ?? '', place.entryTokenExpiresAt ?? '')
  return { state: 'ended', reason: state.toLowerCase() as EndReason }
}
