import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * Compares a presented secret with ours. What is compared are digests, which have one length whatever was presented,
 * and all of them, so the time taken says nothing about how much of the secret was right.
 */
export function sameSecret(presented: string, ours: string): boolean {
  return timingSafeEqual(sha256(presented), sha256(ours))
}

/** SHA-256 of the text's UTF-8, base64url without padding. */
export function sha256Base64Url(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function sha256(text: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(text).digest())
}
