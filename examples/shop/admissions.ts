/** The three calls that a shop's server makes to Usher. */

/** `taken`: another session entered with the token. `ended`: expired, revoked or given back. */
export type Answer =
  | { readonly state: 'alive'; readonly expiresAtMs: number }
  | { readonly state: 'taken' | 'ended' | 'unavailable' }

export type Admissions = {
  readonly redeem: (token: string, sessionId: string) => Promise<Answer>
  readonly renew: (admissionId: string) => Promise<Answer>
  readonly complete: (admissionId: string) => Promise<Answer>
}

const TIMEOUT_MS = 5_000

/** `originKey` (`ORIGIN_API_KEY`) stays on the server: whoever has it can end anybody's admission. */
export function admissionsOf(usherUrl: URL, originKey: string): Admissions {
  const call = async (path: string, body: object): Promise<Answer> => {
    const response = await fetch(new URL(`/api/v1/admissions/${path}`, usherUrl), {
      method: 'POST',
      headers: { Authorization: `Bearer ${originKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch(() => null)
    if (response?.status === 409) return { state: 'taken' }
    if (response?.status === 401 || response?.status === 404 || response?.status === 410)
      return { state: 'ended' }
    if (response?.ok !== true) return { state: 'unavailable' }
    const { state, leaseExpiresAt } = (await response.json()) as { state: string; leaseExpiresAt: string }
    return state === 'ended'
      ? { state: 'ended' }
      : { state: 'alive', expiresAtMs: Date.parse(leaseExpiresAt) }
  }
  return {
    redeem: (token, sessionId) => call('redeem', { token, sessionId }),
    renew: (admissionId) => call(`${admissionId}/renew`, {}),
    complete: (admissionId) => call(`${admissionId}/release`, { outcome: 'completed' }),
  }
}
