/** Codes that are made here: nobody can guess one, and everybody can read one out. */

/** Crockford's base 32: no letter that looks like a digit, and none that makes words. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const BITS_OF_A_LETTER = 5
/** Each four letters but the last. */
const GROUP_PATTERN = /.{4}(?=.)/g

/** 80 bits: a million guesses a second find one of 100,000 codes within a year with a chance of three in a million. */
export const RANDOM_BYTES_OF_A_CODE = 10

/** `XXXX-XXXX-XXXX-XXXX`, of so many random bytes. */
export function codeOf(random: Uint8Array): string {
  let [bits, bitCount, letters] = [0, 0, '']
  for (const byte of random) {
    bits = (bits << 8) | byte
    bitCount += 8
    while (bitCount >= BITS_OF_A_LETTER) {
      bitCount -= BITS_OF_A_LETTER
      letters += ALPHABET.charAt((bits >> bitCount) & 31)
    }
    bits &= (1 << bitCount) - 1
  }
  return letters.replaceAll(GROUP_PATTERN, '$&-')
}
