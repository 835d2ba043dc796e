/**
 * Tokens that this isolate has verified or signed, until they expire: who polls every few seconds shows the same one each time, and
 * who buys shows one at every step; a signature that was right is right again. Only what our own key has signed may be kept: a key of an
 * identity provider can be withdrawn.
 */
import type { EpochMs } from '../core/time.ts'

/** Some three megabytes; beyond, the one that was verified first goes. */
const TOKENS_MAX = 10_000

export class VerifiedTokens<Claims> {
  readonly #known = new Map<string, { readonly claims: Claims; readonly expiresAtMs: EpochMs }>()
  readonly #tokensMax: number

  constructor(tokensMax = TOKENS_MAX) {
    this.#tokensMax = tokensMax
  }

  /** Undefined for a token that was not verified here, or has expired. */
  get(token: string, nowMs: EpochMs): Claims | undefined {
    const found = this.#known.get(token)
    if (found === undefined || nowMs < found.expiresAtMs) return found?.claims
    this.#known.delete(token)
    return undefined
  }

  put(token: string, claims: Claims, expiresAtMs: EpochMs): void {
    if (this.#known.size >= this.#tokensMax) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest)
        break
      }
    }
    this.#known.set(token, { claims, expiresAtMs })
  }
}
