import { beforeEach, describe, expect, it } from 'vitest'
import { CLAIMS_OF_A_BATCH_MAX, RECORD_ATTEMPTS_MAX } from '../../../src/drops/core/limits.ts'
import type { ClaimReceipt, ClaimRecords } from '../../../src/drops/ports.ts'
import { keepFailedClaims, recordClaims } from '../../../src/drops/redis/claim-consumer.ts'
import type { ClaimMessage } from '../../../src/drops/redis/claim-message.ts'
import type { Log } from '../../../src/observability/log.ts'
import type { QueuedMessage } from '../../../src/outbound/consumer.ts'

const SILENT: Log = { info() {}, warn() {}, error() {} }
const claimsOf = (names: readonly string[]) =>
  names.map((userId) => ({ userId, code: `code of ${userId}`, claimedAtMs: 5 }))
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `user-${index}`)

describe('the consumer of the queue of claims', () => {
  let heard: ClaimReceipt[]
  let statements: number[]
  let poison: string | null
  let isAway: boolean
  let settled: string[]

  beforeEach(() => {
    heard = []
    statements = []
    poison = null
    isAway = false
    settled = []
  })

  const records: Partial<ClaimRecords> = {
    insert: async (_dropId, _generation, claims) => {
      if (isAway || claims.some(({ userId }) => userId === poison)) throw new Error('refused')
      statements.push(claims.length)
      return claims.map(() => 'recorded')
    },
    ping: async () => {
      if (isAway) throw new Error('away')
    },
  }
  const deps = {
    records: records as ClaimRecords,
    heard: async (_dropId: string, receipts: readonly ClaimReceipt[]) => void heard.push(...receipts),
    log: SILENT,
  }
  const queued = (
    names: readonly string[],
    over: Partial<ClaimMessage> = {},
    attempts = 1,
  ): QueuedMessage => ({
    body: { dropId: 'd', generation: 1, claims: claimsOf(names), ...over },
    attempts,
    ack: () => void settled.push(`${names[0]} ack`),
    retry: () => void settled.push(`${names[0]} retry`),
  })
  const heardOf = (): string[] => heard.map(({ userId, outcome }) => `${userId} ${outcome}`)

  it('records what several messages bring in one statement, and no more than one takes', async () => {
    await recordClaims([queued(['ann', 'bob']), queued(['cy'])], deps)
    expect(statements).toEqual([3])
    expect(heardOf()).toEqual(['ann recorded', 'bob recorded', 'cy recorded'])
    expect(settled).toEqual(['ann ack', 'cy ack'])
    await recordClaims([queued(numbered(CLAIMS_OF_A_BATCH_MAX + 1))], deps)
    expect(statements.slice(1)).toEqual([CLAIMS_OF_A_BATCH_MAX, 1])
  })

  it('INV-11: brings back the message with a claim that is refused, and no other; the rest of it is recorded', async () => {
    poison = 'bob'
    await recordClaims([queued(['ann', 'bob', 'cy']), queued(['dee', 'eve'])], deps)
    expect(heardOf()).toEqual(['ann recorded', 'cy recorded', 'dee recorded', 'eve recorded'])
    expect(settled).toEqual(['ann retry', 'dee ack'])
  })

  it('leaves to the outbox what has used its attempts up while the records are away, but not a claim that is refused', async () => {
    isAway = true
    await recordClaims([queued(['ann']), queued(['bob'], {}, RECORD_ATTEMPTS_MAX)], deps)
    expect(settled).toEqual(['ann retry', 'bob ack'])
    isAway = false
    poison = 'cy'
    await recordClaims([queued(['cy'], {}, RECORD_ATTEMPTS_MAX)], deps)
    expect(settled.at(-1)).toBe('cy retry')
    expect(heard).toEqual([])
  })

  it('keeps drops and generations apart', async () => {
    await recordClaims(
      [queued(['ann']), queued(['bob'], { generation: 2 }), queued(['cy'], { dropId: 'e' })],
      deps,
    )
    expect(statements).toEqual([1, 1, 1])
    expect(heard.map(({ userId, generation }) => `${userId} ${generation}`)).toEqual([
      'ann 1',
      'bob 2',
      'cy 1',
    ])
  })

  it('tells the drop of every claim of a message that died, and drops what is no message of ours', async () => {
    const old = {
      ...queued(['old']),
      body: { dropId: 'd', generation: 1, userId: 'old', code: 'A', claimedAtMs: 5 },
    }
    await keepFailedClaims([queued(['ann', 'bob']), old], deps)
    expect(heardOf()).toEqual(['ann failed', 'bob failed'])
    expect(settled.toSorted()).toEqual(['ann ack', 'old ack'])
  })
})
