/** Each strategy with its real issuer, and what of the world it needs. */
import { ObjectIssuer } from '../../../src/drops/objects/object-issuer.ts'
import type { ClaimTaker } from '../../../src/drops/ports.ts'
import { RedisIssuer } from '../../../src/drops/redis/redis-issuer.ts'
import { SimDrop } from './drop.ts'
import { answered, SimLane } from './lane.ts'
import { SimQueue } from './queue.ts'
import type { SimRecords } from './records.ts'
import { SimRedis } from './redis.ts'
import { claimsOf, type ClaimRow } from './truth.ts'
import type { DropWorld } from './world.ts'

export const SIMULATED = ['object', 'redis-queue'] as const
export type Simulated = (typeof SIMULATED)[number]

export type Stage = {
  readonly strategy: Simulated
  readonly drop: SimDrop
  /** Whom a request may come to. */
  readonly takers: readonly ClaimTaker[]
  /** Who has which coupon, whether or not it is recorded: what a visitor is told may come from here only. */
  readonly issued: () => readonly ClaimRow[]
  /** How many have been taken of the stock; null where some of that may be lost again. */
  readonly taken: (() => number) | null
  /** Null where there is none. */
  readonly redis: SimRedis | null
  readonly lanes: readonly SimLane[]
}

const LANES = 2
const RESEND_MS = 20_000

export function stageOf(strategy: Simulated, world: DropWorld, records: SimRecords): Stage {
  return strategy === 'object' ? objectStage(world, records) : redisStage(world, records)
}

function objectStage(world: DropWorld, records: SimRecords): Stage {
  const drop = new SimDrop(world, records, (tools) => new ObjectIssuer(tools))
  const taker: ClaimTaker = {
    claim: async (userId) => answered(await drop.ask(`${userId} claims`, (engine) => engine.claim(userId))),
    claimOf: async (userId) =>
      answered(await drop.ask(`${userId} looks`, (engine) => engine.claimOf(userId))),
  }
  const issued = () => claimsOf(drop)
  return {
    strategy: 'object',
    drop,
    takers: [taker],
    issued,
    taken: () => issued().length,
    redis: null,
    lanes: [],
  }
}

function redisStage(world: DropWorld, records: SimRecords): Stage {
  const redis = new SimRedis(world)
  const queue = new SimQueue(world, records)
  const drop = new SimDrop(
    world,
    records,
    (tools, leave) =>
      new RedisIssuer(tools, {
        gate: redis.gate(leave),
        send: (message) => leave(() => queue.send(message)),
        resendMs: RESEND_MS,
      }),
  )
  queue.heard = (receipts) => drop.ask('a receipt', (engine) => engine.claimsHeard(receipts))
  const lanes = Array.from({ length: LANES }, () => new SimLane(world, drop, redis))
  // A code is told once it is recorded, and what is recorded nobody takes back.
  const issued = () => Array.from(records.rows.values(), ({ userId, code }) => ({ userId, code }))
  return { strategy: 'redis-queue', drop, takers: lanes, issued, taken: null, redis, lanes }
}
