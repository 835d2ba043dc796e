/**
 * Entry tokens: JWTs that let a visitor into the shop.
 *
 * The algorithm is pinned by the configuration and never taken from the token (RFC 8725, 3.1): `none`, and a public
 * key used as a shared secret, fail before any key is touched. The expiry is not judged here; see EntryTokens.
 */
import { CompactSign, compactVerify, decodeProtectedHeader, importJWK } from 'jose'
import * as z from 'zod'
import { eventIdOfAdmission } from '../core/ids.ts'
import { err, ok } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import type { EntryGrant, EntryTokens, PublicKeyView, VerifiedGrant } from '../ports/tokens.ts'
import type { EntrySigningJwk, EntryTokenConfig } from './entry-token-config.ts'
import { VerifiedTokens } from './verified-tokens.ts'

const PURPOSE = 'QUEUE_ENTRY'

const CLAIMS = z.object({
  iss: z.string(),
  aud: z.string(),
  sub: z.string().min(1).max(128),
  eventId: z.string(),
  purpose: z.literal(PURPOSE),
  jti: z.string(),
  iat: z.int().nonnegative(),
  exp: z.int().nonnegative(),
})

type Key = CryptoKey | Uint8Array
type KeyRing = {
  readonly signing: { readonly key: Key; readonly kid: string | undefined }
  /** The keys that may have signed a token with this `kid`. */
  verifying(kid: string | undefined): readonly Key[]
}

/** Signs and verifies with the configured keys, which are imported once, at the first use. */
export function createEntryTokens({ entryTokens }: { readonly entryTokens: EntryTokenConfig }): EntryTokens {
  let imported: KeyRing | undefined
  const verified = new VerifiedTokens<VerifiedGrant>()
  // The resolved ring is kept, not its promise: a promise made by one request must not be awaited by another.
  const keyRing = async (): Promise<KeyRing> => (imported ??= await importKeyRing(entryTokens))
  return {
    sign: async (grant) => signGrant(grant, entryTokens, await keyRing()),
    verify: async (token) => {
      const known = verified.get(token, Date.now())
      if (known !== undefined) return ok(known)
      const grant = await verifyGrant(token, entryTokens, await keyRing())
      if (grant.ok) verified.put(token, grant.value, grant.value.expiresAtMs)
      return grant
    },
    jwks: () => ({ keys: entryTokens.alg === 'ES256' ? entryTokens.keys.map(publicView) : [] }),
  }
}

async function signGrant(grant: EntryGrant, config: EntryTokenConfig, ring: KeyRing): Promise<string> {
  const claims: z.output<typeof CLAIMS> = {
    iss: config.issuer,
    aud: config.audience,
    sub: grant.userId,
    eventId: grant.eventId,
    purpose: PURPOSE,
    jti: grant.admissionId,
    iat: Math.floor(grant.issuedAtMs / 1_000),
    exp: Math.floor(grant.expiresAtMs / 1_000),
  }
  const { key, kid } = ring.signing
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: config.alg, typ: 'JWT', ...(kid !== undefined && { kid }) })
    .sign(key)
}

async function verifyGrant(
  token: string,
  config: EntryTokenConfig,
  ring: KeyRing,
): Promise<Result<VerifiedGrant, 'token-invalid'>> {
  const payload = await verifiedPayload(token, config.alg, ring)
  const parsed = CLAIMS.safeParse(payload)
  if (!parsed.success) return err('token-invalid')
  const { iss, aud, sub, eventId, jti, exp } = parsed.data
  if (iss !== config.issuer || aud !== config.audience) return err('token-invalid')
  if (eventIdOfAdmission(jti) !== eventId) return err('token-invalid')
  return ok({ userId: sub, eventId, admissionId: jti, expiresAtMs: exp * 1_000 })
}

/** The payload's JSON, or undefined when none of the keys has signed it. */
async function verifiedPayload(token: string, alg: string, ring: KeyRing): Promise<unknown> {
  try {
    const { kid } = decodeProtectedHeader(token)
    for (const key of ring.verifying(kid)) {
      const payload = await compactVerify(token, key, { algorithms: [alg] }).then(
        (verified) => verified.payload,
        // Another algorithm, or signed by none of ours or by the other of two shared secrets: try the next.
        () => null,
      )
      if (payload !== null) return JSON.parse(new TextDecoder().decode(payload))
    }
  } catch {
    // Not a compact JWS, or a payload that is not JSON: invalid like the rest.
  }
  return undefined
}

async function importKeyRing(config: EntryTokenConfig): Promise<KeyRing> {
  return config.alg === 'ES256' ? importSigningKeys(config.keys) : secretRing(config.secrets)
}

async function importSigningKeys(jwks: readonly EntrySigningJwk[]): Promise<KeyRing> {
  const [first] = jwks
  if (first === undefined) throw new Error('no signing key')
  const signing = { key: await importJWK({ ...first }, 'ES256'), kid: first.kid }
  const byKid = new Map<string, Key>()
  for (const jwk of jwks) byKid.set(jwk.kid, await importJWK({ ...publicView(jwk) }, 'ES256'))
  return {
    signing,
    verifying(kid) {
      const key = kid === undefined ? undefined : byKid.get(kid)
      return key === undefined ? [] : [key]
    },
  }
}

/** Shared secrets have no `kid`: one would say something about the secret to everybody who holds a token. */
function secretRing(secrets: readonly string[]): KeyRing {
  const keys = secrets.map((secret) => new TextEncoder().encode(secret))
  const [first] = keys
  if (first === undefined) throw new Error('no signing secret')
  return { signing: { key: first, kid: undefined }, verifying: () => keys }
}

function publicView({ x, y, kid }: EntrySigningJwk): PublicKeyView {
  return { kty: 'EC', crv: 'P-256', x, y, kid, alg: 'ES256', use: 'sig' }
}
