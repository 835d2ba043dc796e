/** Who asks Usher for things outside of what is measured: the operator, and a crowd with its tokens. */
import { createGuestTokens } from '../../src/tokens/guest-token.ts'

export type Guest = { readonly userId: string; readonly token: string }

type Variables = Readonly<Record<string, string>>

export class UsherClient {
  readonly url: string
  readonly #variables: Variables

  constructor(url: string, variables: Variables) {
    this.url = url
    this.#variables = variables
  }

  /** @throws Error unless the answer is 2xx. */
  async operator(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.url}/api/v1/admin/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#variables['ADMIN_API_KEY'] ?? ''}`,
        'content-type': 'application/json',
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  }

  /** An event in which nobody is admitted and nobody's silence costs a place, unless the configuration says so. */
  async event(eventId: string, config: object = {}): Promise<void> {
    await this.operator('PUT', `events/${eventId}`, { capacity: 0, disconnectGraceSeconds: 3_600, ...config })
  }

  /** Signed here with the Worker's own secret: thousands of sessions are not what is measured. */
  async guests(count: number): Promise<Guest[]> {
    const tokens = createGuestTokens({
      sessionSecret: this.#variables['SESSION_SECRET'] ?? '',
      visitorTokenTtlSeconds: 3_600,
    })
    const guests = await Promise.all(Array.from({ length: count }, () => tokens.createGuest(Date.now())))
    return guests.flatMap((guest) => (guest === null ? [] : [guest]))
  }

  get originKey(): string {
    return this.#variables['ORIGIN_API_KEY'] ?? ''
  }
}
