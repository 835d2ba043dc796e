import { timingSafeEqual } from 'node:crypto'

/**
 * Compares a presented secret with ours. What is compared are digests, which have one length whatever was presented,
 * and all of them, so the time taken says nothing about how much of the secret was right.
 */
export async function sameSecret(presented: string, ours: string): Promise<boolean> {
  const [left, right] = await Promise.all([sha256(presented), sha256(ours)])
  return timingSafeEqual(left, right)
}

/** SHA-256 of the text's UTF-8. */
export async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}

/** SHA-256 of the text's UTF-8, base64url without padding. */
export async function sha256Base64Url(text: string): Promise<string> {
  const bytes = await sha256(text)
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
