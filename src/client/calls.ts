/** Single requests of one visitor to one event: credentials, time limits, and problems as errors. */
import type { Place } from './contract.ts'

const TIMEOUT_MS = 10_000

/** A refusal by Usher. What never reached it rejects as `fetch` does. */
export class UsherError extends Error {
  readonly status: number
  /** A problem code of docs/problems.md: `sold-out`, `event-not-open`, `queue-rejecting`, ... */
  readonly code: string
  /** Not before, when Usher said so; else 0. */
  readonly retryAfterMs: number

  constructor(status: number, code: string, retryAfterMs: number) {
    super(code)
    this.status = status
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

export class Calls {
  /** The visitor's bearer; undefined: the cookie `usher_visitor` of the browser. */
  token: string | null | undefined
  readonly event: string
  readonly #baseUrl: string
  readonly #fetch: typeof fetch

  /** @param token null: a bearer, but none yet */
  constructor(eventId: string, baseUrl: string, token: string | null | undefined, fetcher: typeof fetch) {
    this.#baseUrl = `${baseUrl}/api/v1`
    this.event = `${this.#baseUrl}/events/${eventId}`
    this.token = token
    this.#fetch = fetcher
  }

  /** A guest session, as the cookie or as the token of later calls. */
  async startSession(): Promise<void> {
    const { token } = await this.#json<{ token: string }>(`${this.#baseUrl}/sessions`, 'POST')
    if (this.token !== undefined) this.token = token
  }

  place(method: 'GET' | 'POST'): Promise<Place> {
    return this.#json(`${this.event}/queue`, method)
  }

  async leave(): Promise<void> {
    await this.request(`${this.event}/queue`, 'DELETE')
  }

  /** A public document: the same for everybody, so without credentials, and from a cache if there is one. */
  async document<T>(path: string): Promise<T> {
    const response = await this.#fetch(this.event + path, {
      credentials: 'omit',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return answer(response)
  }

  /** @param signal ends the request and its body; default: after ten seconds */
  async request(url: string, method = 'GET', signal = AbortSignal.timeout(TIMEOUT_MS)): Promise<Response> {
    const headers: Record<string, string> = {}
    if (this.token) headers['Authorization'] = `Bearer ${this.token}`
    const credentials = this.token === undefined ? 'include' : 'omit'
    const response = await this.#fetch(url, { method, headers, signal, credentials })
    return response.ok ? response : answer(response)
  }

  async #json<T>(url: string, method: string): Promise<T> {
    return answer(await this.request(url, method))
  }
}

/** @throws UsherError for anything but success */
async function answer<T>(response: Response): Promise<T> {
  if (response.ok) return (await response.json()) as T
  // A proxy's error page has no code; its status says enough.
  const problem = (await response.json().catch(() => ({}))) as { code?: string }
  const retryAfterMs = Number(response.headers.get('Retry-After')) * 1_000 || 0
  throw new UsherError(response.status, problem.code ?? '', retryAfterMs)
}
