/**
 * The operator's own identity provider: its JWTs instead of guest sessions, verified with its published keys.
 *
 * The keys are fetched at the first token and kept; an unknown `kid` fetches them again, so that a rotation needs
 * nothing from us. When the provider is away, tokens of known keys still verify; the rest answer
 * `identity-unavailable` and nobody is let in unchecked.
 */
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import type { IdentityProviderConfig } from '../config.ts'
import { err } from '../core/result.ts'
import type { VisitorTokens } from '../ports/tokens.ts'
import { visitorClaims } from './visitor-claims.ts'

/** A visitor waits for it, so it is shorter than a browser's patience. */
const KEYS_TIMEOUT_MS = 3_000
/** How long a key that the provider has withdrawn is still believed. */
const KEYS_MAX_AGE_MS = 10 * 60 * 1_000
/** Tokens with invented key ids make each isolate ask the provider at most this often. */
const KEYS_COOLDOWN_MS = 1_000
/** How far the provider's clock may be from ours. */
const CLOCK_TOLERANCE_SECONDS = 60

export function createIdentityProviderTokens(provider: IdentityProviderConfig): VisitorTokens {
  const keys = createRemoteJWKSet(new URL(provider.jwksUrl), {
    timeoutDuration: KEYS_TIMEOUT_MS,
    cacheMaxAge: KEYS_MAX_AGE_MS,
    cooldownDuration: KEYS_COOLDOWN_MS,
  })
  return {
    createGuest: async () => null,
    verify: (token) =>
      jwtVerify(token, keys, {
        algorithms: [provider.alg],
        issuer: provider.issuer,
        audience: provider.audience,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['sub', 'exp'],
      }).then(
        ({ payload }) => visitorClaims(payload),
        (error: unknown) => err(isProviderFailure(error) ? 'identity-unavailable' : 'token-invalid'),
      ),
  }
}

/** The keys could not be had: no answer, a bad status, something that is no key set. The token was not judged. */
function isProviderFailure(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true
  return [errors.JWKSTimeout.code, errors.JWKSInvalid.code, errors.JOSEError.code].includes(error.code)
}
