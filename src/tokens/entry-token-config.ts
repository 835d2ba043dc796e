import * as z from 'zod'
import type { ConfigReader } from '../config-reader.ts'

/** With which keys entry tokens are signed and verified. The first signs, all verify, so that keys can be rotated. */
export type EntryTokenConfig = {
  readonly issuer: string
  readonly audience: string
} & (
  | { readonly alg: 'ES256'; readonly keys: readonly EntrySigningJwk[] }
  | { readonly alg: 'HS512'; readonly secrets: readonly string[] }
)

/** 32 bytes in base64url: a coordinate or the private scalar of P-256 (RFC 7518, 6.2). */
const P256_FIELD = z.string().regex(/^[A-Za-z0-9_-]{43}$/)

const SIGNING_JWK = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: P256_FIELD,
  y: P256_FIELD,
  d: P256_FIELD,
  kid: z.string().min(1).max(128),
})
export type EntrySigningJwk = z.output<typeof SIGNING_JWK>

/** Two: the one that signs, and the one before or after it during a rotation. */
const SIGNING_JWKS = z
  .object({ keys: z.array(SIGNING_JWK).min(1).max(2) })
  .refine(({ keys }) => new Set(keys.map((key) => key.kid)).size === keys.length)

/** HS512 wants a key as long as its hash (RFC 7518, 3.2). */
const HS512_SECRET_CHARS_MIN = 64

/** Reads the variables `ENTRY_TOKEN_*`; only those of the chosen algorithm must be there. */
export function parseEntryTokenConfig(reader: ConfigReader): EntryTokenConfig {
  const names = {
    issuer: reader.text('ENTRY_TOKEN_ISSUER', 'usher'),
    audience: reader.text('ENTRY_TOKEN_AUDIENCE', 'shop'),
  }
  const alg = reader.choice('ENTRY_TOKEN_ALG', ['ES256', 'HS512'], 'ES256')
  if (alg === 'ES256') return { ...names, alg, keys: readSigningKeys(reader) }
  const secrets = [reader.secret('ENTRY_TOKEN_SECRET', HS512_SECRET_CHARS_MIN)]
  if (reader.has('ENTRY_TOKEN_SECRET_PREVIOUS')) {
    secrets.push(reader.secret('ENTRY_TOKEN_SECRET_PREVIOUS', HS512_SECRET_CHARS_MIN))
  }
  return { ...names, alg, secrets }
}

function readSigningKeys(reader: ConfigReader): EntrySigningJwk[] {
  const text = reader.secret('ENTRY_TOKEN_PRIVATE_JWKS', 1)
  if (text === '') return []
  const parsed = SIGNING_JWKS.safeParse(jsonOrUndefined(text))
  if (parsed.success) return parsed.data.keys
  reader.fault(
    'ENTRY_TOKEN_PRIVATE_JWKS',
    'must be JSON {"keys": [one or two EC P-256 private JWKs, each with its own kid]}',
  )
  return []
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: undefined fits no schema, so the caller reports the variable.
    return undefined
  }
}
