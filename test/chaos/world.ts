/** What all visitors of a crowd share: how they ask, and who observes what they are told. */
import type { CapacityWatch } from './capacity-watch.ts'
import type { PatientAnswer, PatientClient } from './patient-client.ts'
import type { PlaceWatch, SeenPlace, Who } from './place-watch.ts'
import type { RecoveryMeter } from './recovery.ts'
import type { TurnWatch } from './turn-watch.ts'
import type { Violations } from './violations.ts'

export type World = {
  readonly url: string
  readonly originKey: string
  readonly client: PatientClient
  readonly places: PlaceWatch
  readonly capacity: CapacityWatch
  readonly turns: TurnWatch
  readonly recovery: RecoveryMeter
  readonly report: Violations['report']
  readonly tally: { completed: number; left: number; expired: number; late: number; secondSessions: number }
  /** Nobody joins any more, and nobody lingers. */
  isClosing: boolean
}

export type Identity = Who & { readonly bearer: string }

/** An admission as its visitor has heard of it. */
export type Ticket = {
  readonly admissionId: string
  readonly entryToken: string
  readonly heardAtMs: number
  readonly expiresAtMs: number
}

export function callQueue(
  world: World,
  who: Identity,
  method: 'GET' | 'POST' | 'DELETE',
): Promise<PatientAnswer> {
  const path = `/api/v1/events/${who.eventId}/queue`
  return world.client.call(method, path, { bearer: who.bearer, ...(method === 'POST' && { body: {} }) })
}

export function callShop(world: World, method: string, path: string, body?: object): Promise<PatientAnswer> {
  const call = { bearer: world.originKey, ...(body !== undefined && { body }) }
  return world.client.call(method, `/api/v1/admissions/${path}`, call)
}

/** Asks for the place, as a poll does. Null: the server knows of none. */
export async function askPlace(
  world: World,
  who: Identity,
): Promise<(SeenPlace & { leaseExpiresAt: string }) | null> {
  const { status, body, said } = await callQueue(world, who, 'GET')
  if (status !== 200) {
    world.places.missing(who, `GET answered ${status} ${body?.code}`)
    return null
  }
  world.places.saw(who, body, said)
  world.recovery.heard(said.fromMs)
  return body
}

/** An answer that the contract does not allow at this point. */
export function wrongAnswer(world: World, what: string, { status, body }: PatientAnswer): void {
  world.report('wrong answer', `${what}: ${status} ${body?.code ?? body?.state ?? ''} ${body?.detail ?? ''}`)
}
