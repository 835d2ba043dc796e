/** Usher as a shop's server sees it, with a clock that a test moves; tickets are signed with real keys. */
import { configReader } from '../../../src/config-reader.ts'
import { createEntryTokens } from '../../../src/tokens/entry-token.ts'
import { parseEntryTokenConfig } from '../../../src/tokens/entry-token-config.ts'
import type { EntryTokens } from '../../../src/ports/tokens.ts'
import { signingJwks } from '../tokens/keys.ts'

export const ORIGIN_KEY = 'origin-key-of-the-shop'

type Kept = { sessionId: string | null; expiresAtMs: number; outcome: string | null }
type Call = { readonly path: string; readonly body: Record<string, string> }

const keys = JSON.stringify({ keys: await signingJwks('first') })
const entryTokens = parseEntryTokenConfig(configReader({ ENTRY_TOKEN_PRIVATE_JWKS: keys }))

export class FakeUsher {
  readonly calls: Call[] = []
  readonly admissions = new Map<string, Kept>()
  readonly #tokens: EntryTokens = createEntryTokens({ entryTokens })
  readonly #nowMs: () => number
  /** No connection. */
  isAway = false
  /** The calls of the shop get no answer, until whoever asks gives up. */
  isHanging = false
  leaseSeconds = 600
  /** Waits before each answer. */
  gate: Promise<void> = Promise.resolve()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Admits somebody: the ticket that the waiting page would post. */
  ticket(options: { eventId?: string; userId?: string; lifeSeconds?: number } = {}): Promise<string> {
    const { eventId = 'demo', userId = 'ann', lifeSeconds = 300 } = options
    const random = String(this.admissions.size).padStart(22, 'A')
    const admissionId = `${eventId}.${random}`
    // Signed tokens are judged by the real clock; the ledger below by the test's.
    const issuedAtMs = Date.now()
    const expiresAtMs = issuedAtMs + lifeSeconds * 1_000
    this.admissions.set(admissionId, { sessionId: null, expiresAtMs: this.#nowMs() + 300_000, outcome: null })
    return this.#tokens.sign({ userId, eventId, admissionId, issuedAtMs, expiresAtMs })
  }

  end(outcome: string): void {
    for (const kept of this.admissions.values()) kept.outcome ??= outcome
  }

  called(path: string): number {
    return this.calls.filter((call) => call.path.endsWith(path)).length
  }

  fetch = async (request: Request): Promise<Response> => {
    if (this.isAway) throw new TypeError('connection refused')
    const { pathname } = new URL(request.url)
    if (pathname === '/.well-known/jwks.json') return Response.json(this.#tokens.jwks())
    if (request.headers.get('Authorization') !== `Bearer ${ORIGIN_KEY}`)
      return problem(401, 'unauthenticated')
    const body = (await request.json()) as Record<string, string>
    const path = pathname.replace('/api/v1/admissions/', '')
    this.calls.push({ path, body })
    if (this.isHanging) return untilGivenUp(request)
    await this.gate
    if (path === 'redeem') return this.#redeem(body['token'] ?? '', body['sessionId'] ?? '')
    const [admissionId = '', action] = path.split('/')
    const kept = this.admissions.get(admissionId)
    if (kept === undefined) return problem(404, 'admission-not-found')
    if (action === 'release') {
      kept.outcome ??= body['outcome'] ?? ''
      return this.#view(admissionId, kept)
    }
    if (this.#hasEnded(kept)) return problem(410, 'admission-ended')
    kept.expiresAtMs = this.#nowMs() + this.leaseSeconds * 1_000
    return this.#view(admissionId, kept)
  }

  async #redeem(token: string, sessionId: string): Promise<Response> {
    const verified = await this.#tokens.verify(token)
    if (!verified.ok) return problem(401, 'token-invalid')
    const kept = this.admissions.get(verified.value.admissionId)
    if (kept === undefined || this.#hasEnded(kept)) return problem(410, 'admission-ended')
    if (kept.sessionId !== null && kept.sessionId !== sessionId) return problem(409, 'token-already-redeemed')
    if (kept.sessionId === null) kept.expiresAtMs = this.#nowMs() + this.leaseSeconds * 1_000
    kept.sessionId = sessionId
    return this.#view(verified.value.admissionId, kept)
  }

  #hasEnded({ outcome, expiresAtMs }: Kept): boolean {
    return outcome !== null || this.#nowMs() >= expiresAtMs
  }

  #view(admissionId: string, { outcome, expiresAtMs }: Kept): Response {
    const state = outcome === null ? 'redeemed' : 'ended'
    return Response.json({ admissionId, state, leaseExpiresAt: new Date(expiresAtMs).toISOString() })
  }
}

function problem(status: number, code: string): Response {
  return Response.json({ code }, { status, headers: { 'Content-Type': 'application/problem+json' } })
}

function untilGivenUp({ signal }: Request): Promise<Response> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('timed out')))
  })
}
