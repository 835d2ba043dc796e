/** New secrets, and how a set of signing keys goes from one key to the next. Pure but for randomness. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import * as z from 'zod'
import type { EntrySigningJwk } from '../../tokens/entry-token-config.ts'
import { CliFailure, EXIT, wrongUsage } from '../exit.ts'
import { jsonOrNull } from '../json.ts'

/**
 * - publish: the new key is published beside the old one, which still signs
 * - sign: the new key signs, the old one still verifies
 * - retire: the old key is gone
 * - replace: a new key alone, at once, because the old one has leaked
 */
export const STEPS = ['publish', 'sign', 'retire', 'replace'] as const
export type Step = (typeof STEPS)[number]

/** `es256-20260301T100000Z-1f2e3d4c`: says when the key was made, so that its age can be told from what is published. */
const DATED_KID = /^es256-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z-[0-9a-f]{8}$/

export function newSigningKey(nowMs: number): EntrySigningJwk {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '', d = '' } = privateKey.export({ format: 'jwk' })
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  return { kty: 'EC', crv: 'P-256', x, y, d, kid: `es256-${stamp}-${randomBytes(4).toString('hex')}` }
}

/** So many random bytes, in base64url. */
export function newSecret(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}

/** When a key was made, in epoch milliseconds, or null when its id does not say. */
export function madeAtMs(kid: string): number | null {
  const [, year, month, day, hour, minute, second] = DATED_KID.exec(kid) ?? []
  if (year === undefined) return null
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(atMs) ? null : atMs
}

const KEY_SET = z.object({
  keys: z
    .array(z.looseObject({ kid: z.string().min(1) }))
    .min(1)
    .max(2),
})
export type KeySet = z.infer<typeof KEY_SET>

/** The value of ENTRY_TOKEN_PRIVATE_JWKS; null for none. @throws CliFailure, without the value. */
export function keySetFrom(text: string | undefined): KeySet | null {
  if (text === undefined || text.trim() === '') return null
  const parsed = KEY_SET.safeParse(jsonOrNull(text))
  if (parsed.success) return parsed.data
  throw new CliFailure(
    EXIT.failed,
    'bad-key-set',
    'ENTRY_TOKEN_PRIVATE_JWKS is not JSON {"keys": [one or two private JWKs with a kid]}; mend it, or give --step replace',
  )
}

/**
 * The step that comes next: from one key to two, then the newer one signs, then it is alone.
 * @throws CliFailure when the ids of two keys do not say which is newer, or there is none: a new key alone would be
 *   the end of every token of one that is kept elsewhere.
 */
export function nextStep(set: KeySet | null): Step {
  const [first, second] = set?.keys ?? []
  if (first === undefined) throw noCurrent('ENTRY_TOKEN_PRIVATE_JWKS')
  if (second === undefined) return 'publish'
  const [firstMs, secondMs] = [madeAtMs(first.kid), madeAtMs(second.kid)]
  // A key that was not made here is older than one that was.
  if (firstMs !== secondMs) return (firstMs ?? 0) < (secondMs ?? 0) ? 'sign' : 'retire'
  throw wrongUsage(
    'the ids of the two keys do not say which is newer: give --step sign when the second is, --step retire when the first is',
  )
}

/** @throws CliFailure when the step does not fit the number of keys. */
export function stepped(set: KeySet | null, step: Step, makeKey: () => EntrySigningJwk): KeySet {
  const [first, second] = set?.keys ?? []
  if (step === 'replace') return { keys: [makeKey()] }
  if (first === undefined) throw misfit(step, 'there is no key yet; --step replace makes one')
  if (step === 'publish') {
    if (second !== undefined) throw misfit(step, 'there are two keys already; finish that rotation first')
    return { keys: [first, makeKey()] }
  }
  if (second === undefined) throw misfit(step, 'there is only one key; --step publish adds one')
  return { keys: step === 'sign' ? [second, first] : [first] }
}

export function noCurrent(variable: string): CliFailure {
  return wrongUsage(
    `there is no ${variable} in the file or the environment: --file names the one that has it; for the very first, give --step replace`,
  )
}

function misfit(step: Step, reason: string): CliFailure {
  return wrongUsage(`--step ${step}: ${reason}`)
}
