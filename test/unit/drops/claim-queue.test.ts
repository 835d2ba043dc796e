import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CLAIMS_OF_A_BATCH_MAX, RECORD_ATTEMPTS_MAX } from '../../../src/drops/core/limits.ts'

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
    expect(numberOf(claims, 'max_batch_size')).toBeLessThanOrEqual(CLAIMS_OF_A_BATCH_MAX)
    expect(claims).toContain('dead_letter_queue = "usher-claims-dead"')
  })

  it('hand what nobody could record to somebody', () => {
    expect(consumerOf('usher-claims-dead')).not.toBe('')
  })
})
