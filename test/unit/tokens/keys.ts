import { exportJWK, generateKeyPair } from 'jose'
import type { JWK } from 'jose'

/** New P-256 private keys with these ids. */
export function signingJwks(...kids: readonly string[]): Promise<JWK[]> {
  return Promise.all(
    kids.map(async (kid) => {
      const { privateKey } = await generateKeyPair('ES256', { extractable: true })
      return { ...(await exportJWK(privateKey)), kid }
    }),
  )
}
