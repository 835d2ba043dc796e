/**
 * A drop in Redis as lua/drops keeps it, in memory, with the losses that Redis has: everything, the last writes, one key.
 * The scripts themselves are held against real engines in test/lua/drops; here what is done around them is at stake.
 */
import { StoreUnavailable } from '../../../src/ports/pool-gate.ts'
import { PARKED_MS } from '../../../src/drops/core/limits.ts'
import type { ClaimRecord, Seen } from '../../../src/drops/core/records.ts'
import type { ChangeCall, DropGate, LoadCall, OpenCall } from '../../../src/drops/redis/drop-gate.ts'
import type {
  AnswersReply,
  ChangedReply,
  ClaimAnswer,
  ClaimsReply,
  ConfirmedReply,
  DoneReply,
  FoundReply,
  OutboxReply,
} from '../../../src/drops/redis/replies.ts'
import type { DropWorld } from './world.ts'

type Stored = { state: 'p' | 'r'; readonly claimedAtMs: number; readonly code: string }
type Hash = {
  generation: number
  phase: 'loading' | 'open'
  stock: number
  claimed: number
  epoch: number
  opensAtMs: number | null
  closesAtMs: number | null
  configVersion: number
  claims: Map<string, Stored>
}
/** `outbox` has the sentinel of this generation; by visitor, when the record is due. */
type Outbox = { generation: number; due: Map<string, number> }
type Keys = { drop: Hash | null; codes: string[]; outbox: Outbox | null; next: Filling }
type Filling = { codes: string[]; claims: Map<string, Stored>; due: Map<string, number> }

const LOST = { kind: 'lost' } as const

export class SimRedis {
  #keys: Keys = emptyKeys()
  /** What a failover would bring back. */
  #copy: Keys = emptyKeys()
  readonly #world: DropWorld

  constructor(world: DropWorld) {
    this.#world = world
  }

  copy(): void {
    this.#copy = structuredClone(this.#keys)
  }

  lose(what: 'everything' | 'the last writes' | 'the codes' | 'the outbox'): void {
    this.#world.trace(() => `Redis loses ${what}`)
    if (what === 'everything') this.#keys = emptyKeys()
    if (what === 'the last writes') this.#keys = structuredClone(this.#copy)
    if (what === 'the codes') this.#keys.codes = []
    if (what === 'the outbox') this.#keys.outbox = null
  }

  /** Over the network, where each call may be lost; `leave` is the gate of the object that calls. */
  gate(leave: <T>(call: () => Promise<T>) => Promise<T> = (call) => call()): DropGate {
    const call = <T>(name: string, work: () => T): Promise<T> =>
      leave(async () => {
        try {
          return await this.#world.call(`Redis, ${name}`, async () => work())
        } catch {
          throw new StoreUnavailable('Redis does not answer')
        }
      })
    const right: DropGate = {
      claim: (userIds, seen) => call('claim', () => this.#claim(userIds, seen)),
      find: (userId, seen) => call('find', () => this.#find(userId, seen)),
      takeOutbox: (seen, resendMs, limit) => call('outbox', () => this.#takeOutbox(seen, resendMs, limit)),
      confirm: (generation, claims) => call('confirm', () => this.#confirm(generation, claims)),
      postpone: (generation, dueAtMs, userIds) =>
        call('postpone', () => this.#postpone(generation, dueAtMs, userIds)),
      change: (change) => call('change', () => this.#change(change)),
      freeze: (generation) => call('freeze', () => this.#freeze(generation)),
      readClaims: (generation) => call('read', () => this.#readClaims(generation)),
      load: (load) => call('load', () => this.#load(load)),
      open: (open) => call('open', () => this.#open(open)),
    }
    return this.#world.mutant?.gate?.(right) ?? right
  }

  #claim(userIds: readonly string[], seen: Seen): AnswersReply {
    const { drop, codes } = this.#keys
    if (drop === null || hasSteppedBack(drop, seen)) return LOST
    if (drop.phase !== 'open') return { kind: 'loading' }
    const left = drop.stock - drop.claimed
    const takesSome = this.#isWithin(drop) && left > 0 && userIds.some((userId) => !drop.claims.has(userId))
    if (takesSome && codes.length !== left) return LOST
    const answers = userIds.map((userId) => this.#claimOne(drop, userId))
    return { kind: 'answers', seen: seenOf(drop), answers }
  }

  #isWithin({ opensAtMs, closesAtMs }: Hash): boolean {
    const { nowMs } = this.#world
    return nowMs >= (opensAtMs ?? 0) && nowMs < (closesAtMs ?? Infinity)
  }

  #claimOne(drop: Hash, userId: string): ClaimAnswer {
    const known = drop.claims.get(userId)
    if (known !== undefined) return { kind: 'claimed', claim: toldOf(known), isNew: false }
    const { nowMs } = this.#world
    if (drop.opensAtMs !== null && nowMs < drop.opensAtMs)
      return { kind: 'not-open', opensAtMs: drop.opensAtMs }
    if (drop.closesAtMs !== null && nowMs >= drop.closesAtMs) return { kind: 'closed' }
    const code = drop.claimed < drop.stock ? this.#keys.codes.shift() : undefined
    if (code === undefined) return { kind: 'sold-out', epoch: drop.epoch }
    drop.claimed += 1
    drop.claims.set(userId, { state: 'p', claimedAtMs: nowMs, code })
    // ZADD makes the key again when it was lost, without the sentinel.
    this.#keys.outbox ??= { generation: 0, due: new Map() }
    this.#keys.outbox.due.set(userId, nowMs)
    this.#world.trace(() => `${userId} takes ${code}`)
    return { kind: 'claimed', claim: { state: 'pending', claimedAtMs: nowMs }, isNew: true }
  }

  #find(userId: string, seen: Seen): FoundReply {
    const { drop } = this.#keys
    if (drop === null || hasSteppedBack(drop, seen)) return LOST
    if (drop.phase !== 'open') return { kind: 'loading' }
    const known = drop.claims.get(userId)
    return known === undefined
      ? { kind: 'none', seen: seenOf(drop) }
      : { kind: 'claimed', seen: seenOf(drop), claim: toldOf(known) }
  }

  #takeOutbox({ generation, claimed }: Seen, resendMs: number, limit: number): OutboxReply {
    const { codes, outbox } = this.#keys
    const drop = this.#mine(generation, 'open')
    const isWhole = drop !== null && drop.claimed >= claimed && codes.length === drop.stock - drop.claimed
    if (!isWhole || outbox?.generation !== generation) return LOST
    const { nowMs } = this.#world
    const userIds = [...outbox.due].filter(([, dueAtMs]) => dueAtMs <= nowMs).map(([userId]) => userId)
    const due: ClaimRecord[] = []
    for (const userId of userIds.slice(0, limit)) {
      const claim = drop.claims.get(userId)
      if (claim === undefined) return LOST
      due.push({ userId, claimedAtMs: claim.claimedAtMs, code: claim.code })
      outbox.due.set(userId, nowMs + resendMs)
    }
    const parked = [...outbox.due.values()].filter((dueAtMs) => dueAtMs === PARKED_MS).length
    const { stock, epoch, configVersion } = drop
    const pending = outbox.due.size
    return { kind: 'outbox', seen: seenOf(drop), stock, epoch, configVersion, pending, parked, due }
  }

  #confirm(generation: number, recorded: readonly ClaimRecord[]): ConfirmedReply {
    const drop = this.#mine(generation, 'open')
    if (drop === null) return LOST
    let diverging = 0
    for (const { userId, code } of recorded) {
      const claim = drop.claims.get(userId)
      if (claim?.code !== code) diverging += 1
      else if (claim.state === 'p') {
        claim.state = 'r'
        this.#keys.outbox?.due.delete(userId)
      }
    }
    return { kind: 'done', seen: seenOf(drop), diverging }
  }

  #postpone(generation: number, dueAtMs: number, userIds: readonly string[]): DoneReply {
    const drop = this.#mine(generation, 'open')
    if (drop === null) return LOST
    const { outbox } = this.#keys
    for (const userId of userIds) if (outbox?.due.has(userId)) outbox.due.set(userId, dueAtMs)
    return { kind: 'done', seen: seenOf(drop) }
  }

  #change({
    generation,
    configVersion,
    epoch,
    stockBefore,
    codes,
    opensAtMs,
    closesAtMs,
  }: ChangeCall): ChangedReply {
    const drop = this.#mine(generation, 'open')
    if (drop === null) return LOST
    if (drop.configVersion < configVersion) Object.assign(drop, { configVersion, opensAtMs, closesAtMs })
    if (codes.length > 0 && drop.stock === stockBefore) {
      this.#keys.codes.push(...codes)
      drop.stock += codes.length
      drop.epoch = Math.max(drop.epoch, epoch)
    }
    return { kind: 'changed', seen: seenOf(drop), stock: drop.stock }
  }

  #freeze(generation: number): DoneReply {
    const { drop } = this.#keys
    if (drop !== null && drop.generation >= generation && this.#mine(generation, 'loading') === null)
      return LOST
    const frozen = drop ?? emptyHash()
    this.#keys.drop = Object.assign(frozen, { generation, phase: 'loading' as const })
    this.#keys.next = emptyFilling()
    return { kind: 'done', seen: seenOf(frozen) }
  }

  #readClaims(generation: number): ClaimsReply {
    const { drop } = this.#keys
    if (drop?.generation !== generation) return LOST
    const claims = Array.from(drop.claims, ([userId, { state, claimedAtMs, code }]) => ({
      userId,
      claimedAtMs,
      code,
      state: state === 'p' ? ('pending' as const) : ('recorded' as const),
    }))
    return { kind: 'claims', seen: seenOf(drop), cursor: '0', claims }
  }

  #load({ generation, codes, recorded, owed }: LoadCall): DoneReply {
    const drop = this.#mine(generation, 'loading')
    if (drop === null) return LOST
    const { next } = this.#keys
    next.codes.push(...codes)
    for (const { userId, claimedAtMs, code } of recorded)
      next.claims.set(userId, { state: 'r', claimedAtMs, code })
    for (const { userId, claimedAtMs, code, isParked } of owed) {
      next.claims.set(userId, { state: 'p', claimedAtMs, code })
      next.due.set(userId, isParked ? PARKED_MS : 0)
    }
    return { kind: 'done', seen: seenOf(drop) }
  }

  #open({ generation, pending, ...terms }: OpenCall): DoneReply {
    const { next } = this.#keys
    const open = this.#mine(generation, 'open')
    if (open !== null) return { kind: 'done', seen: seenOf(open) }
    const { stock, claimed } = terms
    const isComplete =
      this.#mine(generation, 'loading') !== null &&
      next.codes.length === stock - claimed &&
      next.claims.size === claimed &&
      next.due.size === pending
    if (!isComplete) return LOST
    const drop: Hash = { ...terms, generation, phase: 'open', claims: next.claims }
    this.#keys = { drop, codes: next.codes, outbox: { generation, due: next.due }, next: emptyFilling() }
    return { kind: 'done', seen: seenOf(drop) }
  }

  #mine(generation: number, phase: Hash['phase']): Hash | null {
    const { drop } = this.#keys
    return drop?.generation === generation && drop.phase === phase ? drop : null
  }
}

function seenOf({ generation, claimed }: Hash): Seen {
  return { generation, claimed }
}

function hasSteppedBack(drop: Hash, seen: Seen): boolean {
  if (drop.generation !== seen.generation) return drop.generation < seen.generation
  return drop.claimed < seen.claimed
}

function toldOf({ state, claimedAtMs, code }: Stored) {
  return state === 'r'
    ? ({ state: 'issued', claimedAtMs, code } as const)
    : ({ state: 'pending', claimedAtMs } as const)
}

function emptyHash(): Hash {
  return {
    generation: 0,
    phase: 'loading',
    stock: 0,
    claimed: 0,
    epoch: 0,
    opensAtMs: null,
    closesAtMs: null,
    configVersion: 0,
    claims: new Map(),
  }
}

function emptyFilling(): Filling {
  return { codes: [], claims: new Map(), due: new Map() }
}

function emptyKeys(): Keys {
  return { drop: null, codes: [], outbox: null, next: emptyFilling() }
}
