/** The calls that a shop's server makes to Usher. Each may be repeated, has a bound in time, and never throws. */

/** `fetch`, or a service binding's: what reaches Usher from here. */
export type Fetch = (request: Request) => Promise<Response>

/** Something that the operator of the shop should know; holds neither tokens nor keys. */
export type Trouble = { readonly call: string; readonly detail: string }

/**
 * `taken`: another session entered with the token. `ended`: completed, given back, revoked or expired. `invalid`: no
 * token of this waiting room. `unavailable`: nothing is known; `onTrouble` was told why.
 */
export type Answer =
  | { readonly state: 'alive'; readonly expiresAtMs: number }
  | { readonly state: 'taken' | 'ended' | 'invalid' | 'unavailable' }

export type Outcome = 'completed' | 'cancelled'

export type Admissions = {
  /** Lets the bearer of a token in, once: `sessionId` may repeat it, every other session is `taken`. */
  redeem(token: string, sessionId: string): Promise<Answer>
  /** Another lease from now, never past the longest session of the event. */
  renew(admissionId: string): Promise<Answer>
  /** Gives the admission back; `ended` says that Usher knows. */
  release(admissionId: string, outcome: Outcome): Promise<Answer>
}

export type AdmissionsOptions = {
  readonly usherUrl: URL
  /** `ORIGIN_API_KEY`. It stays on the server: whoever has it can end anybody's admission. */
  readonly originKey: string
  readonly fetch: Fetch
  readonly timeoutMs: number
  readonly onTrouble: (trouble: Trouble) => void
}

/** Problem codes that say something about the visitor; every other refusal says something about the shop or Usher. */
const STATES: Readonly<Record<string, Exclude<Answer['state'], 'alive'>>> = {
  'token-already-redeemed': 'taken',
  'token-expired': 'ended',
  'admission-ended': 'ended',
  'admission-not-found': 'ended',
  'token-invalid': 'invalid',
}

export function admissionsOf(options: AdmissionsOptions): Admissions {
  const call = async (name: string, path: string, body: object): Promise<Answer> => {
    try {
      return await ask(options, path, body)
    } catch (error) {
      options.onTrouble({ call: name, detail: error instanceof Error ? error.message : 'failed' })
      return { state: 'unavailable' }
    }
  }
  return {
    redeem: (token, sessionId) => call('redeem', 'redeem', { token, sessionId }),
    renew: (admissionId) => call('renew', `${admissionId}/renew`, {}),
    release: (admissionId, outcome) => call('release', `${admissionId}/release`, { outcome }),
  }
}

/** @throws {Error} when there is no answer that says anything about the admission. */
async function ask(options: AdmissionsOptions, path: string, body: object): Promise<Answer> {
  const { originKey, timeoutMs } = options
  const request = new Request(new URL(`/api/v1/admissions/${path}`, options.usherUrl), {
    method: 'POST',
    headers: { Authorization: `Bearer ${originKey}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    // A redirect would carry the key to another address.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  })
  const response = await options.fetch(request)
  const answer: unknown = await response.json().catch(() => null)
  const { code, state, leaseExpiresAt } = fieldsOf(answer)
  if (!response.ok) {
    const known = STATES[code]
    if (known === undefined) throw new Error(`answered ${response.status} ${code}`)
    return { state: known }
  }
  if (state === 'ended') return { state }
  const expiresAtMs = Date.parse(leaseExpiresAt)
  if (Number.isNaN(expiresAtMs)) throw new Error(`answered ${response.status} without an admission`)
  return { state: 'alive', expiresAtMs }
}

function fieldsOf(body: unknown): { code: string; state: string; leaseExpiresAt: string } {
  const read = (name: string): string => {
    const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : ''
    return typeof value === 'string' ? value : ''
  }
  return { code: read('code'), state: read('state'), leaseExpiresAt: read('leaseExpiresAt') }
}
