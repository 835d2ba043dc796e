/**
 * The visitor's calls of Usher's purchase API, from the shop's page. Usher knows the visitor by its own cookie, which the
 * browser sends because shop and waiting room are of one site; the shop never has it.
 */

const TIMEOUT_MS = 15_000

export type SeatState = 'free' | 'held' | 'sold'
export type Seat = {
  readonly seatId: string
  readonly section: string
  readonly row: number
  readonly number: number
  readonly price: number
  readonly state: SeatState
}
export type SeatMap = { readonly seats: readonly Seat[]; readonly version: number }

export type Reservation = {
  readonly reservationId: string
  readonly seatIds: readonly string[]
  readonly amount: number
  readonly expiresAt: string
  readonly state: string
}

export type Payment = { readonly state: string; readonly checkoutUrl?: string | null }

/** `code` of the problem; `unreachable` when Usher has not answered. */
export type Refusal = { readonly code: string; readonly seatIds: readonly string[] }
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: Refusal }

/** @param base where browsers reach Usher, without a slash at its end. */
export function usherOf(base: string, eventId: string) {
  const event = `/api/v1/events/${eventId}`
  const reservations = `${event}/reservations`
  let entryToken = ''

  const call = async <T>(method: string, path: string, body?: object): Promise<Answer<T>> => {
    const headers = new Headers()
    if (entryToken !== '') headers.set('Entry-Token', entryToken)
    if (body !== undefined) headers.set('Content-Type', 'application/json')
    // So that a request which got lost on its way back can be sent again without doing anything twice.
    if (method === 'POST') headers.set('Idempotency-Key', crypto.randomUUID())
    const init: RequestInit = { method, headers, credentials: 'include' }
    if (body !== undefined) init.body = JSON.stringify(body)
    const answer = (await ask(base + path, init)) ?? (await ask(base + path, init)) ?? UNREACHABLE
    // Usher's contract says which body each call has.
    return answer as Answer<T>
  }

  return {
    /** From the stream; needed to hold, to give back and to pay. */
    enterWith(token: string): void {
      entryToken = token
    },
    seats: () => call<SeatMap>('GET', `${event}/seats`),
    hold: (seatIds: readonly string[]) => call<Reservation>('POST', reservations, { seatIds }),
    reservation: (id: string) => call<Reservation>('GET', `${reservations}/${id}`),
    giveUp: (id: string) => call<null>('DELETE', `${reservations}/${id}`),
    pay: (id: string, method: 'wallet' | 'provider') =>
      call<Payment>('POST', `${reservations}/${id}/payment`, { method }),
    balance: () => call<{ readonly balance: number }>('GET', '/api/v1/wallet'),
    charge: (amount: number) =>
      call<{ readonly balance: number }>('POST', '/api/v1/wallet/charge', { amount }),
    /** Gives up the admission, and the seats with it. */
    leave: () => call<null>('DELETE', `${event}/queue`),
    stream: () => new EventSource(`${base}${event}/queue/stream`, { withCredentials: true }),
  }
}

const UNREACHABLE = { ok: false, error: { code: 'unreachable', seatIds: [] } } as const

/** Null when nobody has answered. */
async function ask(url: string, init: RequestInit): Promise<Answer<unknown> | null> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) })
    const body: unknown = response.status === 204 ? null : await response.json()
    if (response.ok) return { ok: true, value: body }
    const { code = 'unreachable', seatIds = [] } = body as Partial<Refusal>
    return { ok: false, error: { code, seatIds } }
  } catch {
    return null
  }
}
