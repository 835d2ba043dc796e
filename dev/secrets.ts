/** The secrets of a local run: random, made once, readable by their owner alone. */
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

export type LocalSecrets = {
  readonly SESSION_SECRET: string
  readonly ENTRY_TOKEN_SECRET: string
  /** JSON of a JWK set with one private ES256 key. */
  readonly ENTRY_TOKEN_PRIVATE_JWKS: string
}

/** Reads the secrets of the file, or makes them and writes it. */
export function localSecrets(file: string): LocalSecrets {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LocalSecrets
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
      throw new Error(`${file} cannot be read; remove it to have new secrets made`, { cause: error })
    }
  }
  const secrets = makeSecrets()
  writeFileSync(file, JSON.stringify(secrets, null, 2), { mode: 0o600 })
  return secrets
}

function makeSecrets(): LocalSecrets {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'ES256', use: 'sig' }
  return {
    SESSION_SECRET: randomBytes(48).toString('base64url'),
    ENTRY_TOKEN_SECRET: randomBytes(64).toString('base64url'),
    ENTRY_TOKEN_PRIVATE_JWKS: JSON.stringify({ keys: [jwk] }),
  }
}
