import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CLAIMS_OF_A_BATCH_MAX, CODE_CHARS_MAX, RECORD_ATTEMPTS_MAX } from '../../../src/drops/core/limits.ts'
import { USER_ID_CHARS_MAX } from '../../../src/core/ids.ts'
import { CLAIMS_OF_A_MESSAGE_MAX } from '../../../src/drops/redis/claim-message.ts'

/** As the platform says. */
const MESSAGE_BYTES_MAX = 128_000

const tables = readFileSync('wrangler.toml', 'utf8').split(/^(?=\[)/m)
const consumerOf = (queue: string) =>
  tables.find(
    (table) => table.startsWith('[[queues.consumers]]') && table.includes(`queue = "${queue}"\nmax`),
  ) ?? ''
const numberOf = (table: string, name: string) =>
  Number(new RegExp(`^${name} = (\\d+)$`, 'm').exec(table)?.[1])

describe('the queues of claims', () => {
  it('give a claim up after as many attempts as the consumer counts on, and a batch is one statement', () => {
    const claims = consumerOf('usher-claims')
    expect(numberOf(claims, 'max_retries')).toBe(RECORD_ATTEMPTS_MAX - 1)
    const claimsOfABatch = numberOf(claims, 'max_batch_size') * CLAIMS_OF_A_MESSAGE_MAX
    expect(claimsOfABatch).toBeLessThanOrEqual(CLAIMS_OF_A_BATCH_MAX)
    expect(claims).toContain('dead_letter_queue = "usher-claims-dead"')
  })

  it('take a message of as many claims as it may have, whatever the names in it are', () => {
    // Six bytes of JSON each, and four of a code's.
    const userId = '\u0001'.repeat(USER_ID_CHARS_MAX)
    const code = '😀'.repeat(CODE_CHARS_MAX)
    const claim = { userId, code, claimedAtMs: 9_000_000_000_000 }
    const claims = Array.from({ length: CLAIMS_OF_A_MESSAGE_MAX }, () => claim)
    const message = { dropId: 'd'.repeat(64), generation: Number.MAX_SAFE_INTEGER, claims }
    expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(MESSAGE_BYTES_MAX)
  })

  it('hand what nobody could record to somebody', () => {
    expect(consumerOf('usher-claims-dead')).not.toBe('')
  })
})
