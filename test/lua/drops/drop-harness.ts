/** A drop as its scripts see it, on each engine of this machine, under the real gate, client and REST front. */
import { expect } from 'vitest'
import { PARKED_MS } from '../../../src/drops/core/limits.ts'
import { createDropGate, type DropGate, type OpenCall } from '../../../src/drops/redis/drop-gate.ts'
import type { OwedClaim } from '../../../src/drops/core/filling.ts'
import type { ClaimRecord } from '../../../src/drops/core/records.ts'
import { dropKeys } from '../../../src/redis/keys.ts'
import type { Harness } from '../pool-harness.ts'

export const DROP_ID = 'tour'
export const KEYS = dropKeys(DROP_ID)
export const NOTHING_SEEN = { generation: 0, claimed: 0 }
export const RESEND_MS = 60_000
export { PARKED_MS }

export function codes(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `CODE-${from + i}`)
}

export function gateOf(harness: Harness): DropGate {
  return createDropGate(harness.redis.client, DROP_ID)
}

/** What one visitor's claim is answered: what Redis says of it, or of the drop. */
export async function claimOne(gate: DropGate, userId: string, seen = NOTHING_SEEN) {
  const reply = await gate.claim([userId], seen)
  if (reply.kind !== 'answers') return reply
  const [answer] = reply.answers
  if (answer === undefined) throw new Error('nobody was answered')
  return answer
}

type Filled = {
  readonly codes?: readonly string[]
  readonly recorded?: readonly ClaimRecord[]
  readonly owed?: readonly OwedClaim[]
}

/** Fills the drop under a generation, as its owner does, and opens it. */
export async function fill(
  gate: DropGate,
  generation: number,
  { codes: free = [], recorded = [], owed = [] }: Filled,
  change: Partial<OpenCall> = {},
): Promise<void> {
  expect(await gate.freeze(generation)).toMatchObject({ kind: 'done' })
  expect(await gate.load({ generation, codes: free, recorded, owed })).toMatchObject({ kind: 'done' })
  const claimed = recorded.length + owed.length
  const counts = { stock: free.length + claimed, claimed, pending: owed.length }
  const terms = { epoch: 1, configVersion: 1, opensAtMs: null, closesAtMs: null }
  expect(await gate.open({ generation, ...counts, ...terms, ...change })).toMatchObject({ kind: 'done' })
}

/** Everything that is stored, for comparing before and after, and for putting an older copy back. */
export async function dumpDrop({ resp }: Harness): Promise<(string | null)[]> {
  const keys = [KEYS.now, KEYS.next].flatMap((of) => [of.drop, of.codes, of.outbox])
  const replies = await resp.send(keys.map((key) => ['DUMP', key]))
  return replies.map((reply) => (Buffer.isBuffer(reply) ? reply.toString('base64') : null))
}

export async function restoreDrop(harness: Harness, copy: readonly (string | null)[]): Promise<void> {
  const keys = [KEYS.now, KEYS.next].flatMap((of) => [of.drop, of.codes, of.outbox])
  await harness.redis.client.del(...keys)
  const present = keys.flatMap((key, i) =>
    copy[i] ? [['RESTORE', key, '0', Buffer.from(copy[i], 'base64')]] : [],
  )
  for (const reply of await harness.resp.send(present)) expect(reply).toMatchObject({ text: 'OK' })
}
