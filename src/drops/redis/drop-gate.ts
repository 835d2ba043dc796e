/**
 * A drop in Redis: one script call each (lua/drops/README.md has the table of keys and replies). Nothing is repeated here:
 * after StoreUnavailable the outcome is unknown and the caller decides.
 */
import type { Redis } from '@upstash/redis/cloudflare'
import type { EpochMs } from '../../core/time.ts'
import { observed } from '../../redis/call.ts'
import type { RedisCallObserver } from '../../redis/call.ts'
import { dropKeys } from '../../redis/keys.ts'
import type { OwedClaim } from '../core/filling.ts'
import { DROP_TTL_MS, PARKED_MS } from '../core/limits.ts'
import type { ClaimRecord, DropWindow, Seen } from '../core/records.ts'
import {
  parseAnswers,
  parseChanged,
  parseClaims,
  parseConfirmed,
  parseDone,
  parseFound,
  parseOutbox,
} from './replies.ts'
import type {
  AnswersReply,
  ChangedReply,
  ClaimsReply,
  ConfirmedReply,
  DoneReply,
  FoundReply,
  OutboxReply,
} from './replies.ts'
import { DROP_SCRIPTS } from './scripts.ts'
import type { DropScriptName } from './scripts.ts'

/** The part of the client that the gate uses. */
export type EvalClient = Pick<Redis, 'eval' | 'evalsha'>

export type ChangeCall = DropWindow & {
  readonly generation: number
  /** Larger than in every earlier call. */
  readonly configVersion: number
  readonly epoch: number
  /** How many codes come before these. */
  readonly stockBefore: number
  readonly codes: readonly string[]
}

/** What has to be there before a filling takes the place of the old one, and what it is from then on. */
export type OpenCall = DropWindow & {
  readonly generation: number
  readonly configVersion: number
  readonly epoch: number
  readonly stock: number
  readonly claimed: number
  readonly pending: number
}

export type LoadCall = {
  readonly generation: number
  /** At most 1,000 of each. */
  readonly codes: readonly string[]
  readonly recorded: readonly ClaimRecord[]
  readonly owed: readonly OwedClaim[]
}

/** For its meaning and its errors see the script of the same name. Lists have at most 1,000 members. */
export interface DropGate {
  /** An answer for each visitor, in their order; one who is named twice has it from the first time. */
  claim(userIds: readonly string[], seen: Seen): Promise<AnswersReply>
  find(userId: string, seen: Seen): Promise<FoundReply>
  takeOutbox(seen: Seen, resendMs: number, limit: number): Promise<OutboxReply>
  confirm(generation: number, claims: readonly ClaimRecord[]): Promise<ConfirmedReply>
  postpone(generation: number, dueAtMs: EpochMs, userIds: readonly string[]): Promise<DoneReply>
  change(call: ChangeCall): Promise<ChangedReply>
  freeze(generation: number): Promise<DoneReply>
  readClaims(generation: number, cursor: string, count: number): Promise<ClaimsReply>
  load(call: LoadCall): Promise<DoneReply>
  open(call: OpenCall): Promise<DoneReply>
}

export function createDropGate(
  redis: EvalClient,
  dropId: string,
  observe: RedisCallObserver<DropScriptName> = () => {},
): DropGate {
  const { now, next } = dropKeys(dropId)
  const all = [now.drop, now.codes, now.outbox]
  const beside = [next.drop, next.codes, next.outbox]
  const owedKeys = [now.drop, now.outbox]
  const ttl = String(DROP_TTL_MS)
  const run = (name: DropScriptName, keys: string[], ...values: readonly (string | number)[]) =>
    observed(observe, name, () => evaluate(redis, name, keys, values.map(String)))
  return {
    async claim(userIds, { generation, claimed }) {
      return parseAnswers(await run('claim_codes', all, generation, claimed, ...userIds), userIds.length)
    },
    async find(userId, { generation, claimed }) {
      return parseFound(await run('find_claim', [now.drop], userId, generation, claimed))
    },
    async takeOutbox({ generation, claimed }, resendMs, limit) {
      return parseOutbox(await run('take_outbox', all, generation, claimed, ttl, resendMs, limit))
    },
    async confirm(generation, claims) {
      const pairs = claims.flatMap(({ userId, code }) => [userId, code])
      return parseConfirmed(await run('confirm_claims', owedKeys, generation, ...pairs))
    },
    async postpone(generation, dueAtMs, userIds) {
      return parseDone(await run('postpone_claims', owedKeys, generation, dueAtMs, ...userIds), 'done')
    },
    async change({ generation, configVersion, epoch, stockBefore, codes, ...window }) {
      const terms = [configVersion, ...windowArguments(window), epoch, stockBefore]
      return parseChanged(await run('change_drop', all, generation, ttl, ...terms, ...codes))
    },
    async freeze(generation) {
      return parseDone(await run('freeze_drop', [now.drop, ...beside], generation, ttl), 'frozen')
    },
    async readClaims(generation, cursor, count) {
      return parseClaims(await run('read_claims', [now.drop], generation, cursor, count))
    },
    async load({ generation, codes, recorded, owed }) {
      const claims = [
        ...recorded.flatMap((claim) => [...claimArguments(claim), 'recorded']),
        ...owed.flatMap((claim) => [...claimArguments(claim), claim.isParked ? PARKED_MS : 0]),
      ]
      const keys = [now.drop, ...beside]
      const values = [generation, ttl, codes.length, ...codes, ...claims]
      return parseDone(await run('load_drop', keys, ...values), 'loaded')
    },
    async open({ generation, configVersion, epoch, stock, claimed, pending, ...window }) {
      const counts = [stock, claimed, pending, epoch, configVersion]
      const values = [generation, ttl, ...counts, ...windowArguments(window)]
      return parseDone(await run('open_drop', [...all, ...beside], ...values), 'open')
    },
  }
}

/** By its digest, which is short; with its text where Redis does not know it yet: then it has not run. */
async function evaluate(
  redis: EvalClient,
  name: DropScriptName,
  keys: string[],
  values: string[],
): Promise<unknown> {
  const { sha1, text } = DROP_SCRIPTS[name]
  try {
    return await redis.evalsha(sha1, keys, values)
  } catch (error) {
    if (!(error instanceof Error) || !/\bNOSCRIPT\b/.test(error.message)) throw error
    return await redis.eval(text, keys, values)
  }
}

function claimArguments({ userId, claimedAtMs, code }: ClaimRecord): (string | number)[] {
  return [userId, claimedAtMs, code]
}

function windowArguments({ opensAtMs, closesAtMs }: DropWindow): (string | number)[] {
  return [opensAtMs ?? 'none', closesAtMs ?? 'none']
}
