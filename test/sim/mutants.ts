/**
 * The mistakes that this design is there to avoid, each made on purpose: a simulation that lets one of them live does
 * not see what it is for. They are put into a world from outside; no source is changed.
 */
import type { LineState } from '../../src/core/line-state.ts'
import type { Snapshot } from '../../src/core/records.ts'
import type { PoolCall, ReserveCall } from '../../src/ports/pool-gate.ts'
import type { Faults } from './faults.ts'
import type { PoolModel, PoolScripts } from './pool-model.ts'

export type Mutant = {
  readonly name: string
  /** Faults that strike this often in its worlds, and in those of the right design beside them. */
  readonly faults?: Partial<Faults>
  /** The gate's scripts in place of the right ones. */
  readonly scripts?: (model: PoolModel) => PoolScripts
  /** How long past its expiry a lease is dropped by whoever reserves next. */
  readonly orphanLeaseMs?: number
  /** Changes a line that has just woken. */
  readonly line?: (line: LineState) => void
  /** Changes what a line is restored from. */
  readonly load?: (snapshot: Snapshot) => Snapshot
  /** A grant of a shared pool is confirmed without waiting for a replica. */
  readonly confirmsAtOnce?: boolean
  /** A join shard answers its visitors before the line's rows are durable. */
  readonly shardsAnswerEarly?: boolean
  /** A stream shard hears of openings before the line's rows are durable. */
  readonly streamsTellEarly?: boolean
  /** A stream shard tells nobody of the streams that it has already. */
  readonly streamsNotRetold?: boolean
  /** A ringing alarm does not set the next one. */
  readonly alarmStaysOff?: boolean
}

export const MUTANTS: readonly Mutant[] = [
  { name: 'capacity is a bare counter', scripts: bareCounter },
  { name: 'a repeated batch is a new one', scripts: withoutBatchIds },
  { name: 'a slot comes back as often as it is released', scripts: releaseByCount },
  { name: 'a lost pool opens without its leases', scripts: withoutReassertion },
  { name: 'an overtaken batch is granted, and the watchdog counts no leases', scripts: withoutOvertaking },
  { name: 'a shared grant is confirmed at once', confirmsAtOnce: true, faults: { storeCut: 0.2 } },
  { name: 'an absent head blocks the line', line: absentHeadBlocks },
  { name: 'the alarm is not set again', alarmStaysOff: true },
  {
    name: 'a join shard answers before the rows are durable',
    shardsAnswerEarly: true,
    faults: { crash: 0.2, slowDisk: 0.6 },
  },
  {
    name: 'a stream shard shows what is not durable',
    streamsTellEarly: true,
    faults: { crash: 0.2, slowDisk: 0.6 },
  },
  {
    name: 'a stream shard does not tell a line that starts again of its streams',
    streamsNotRetold: true,
    faults: { crash: 0.1 },
  },
  { name: "a lease ends by the caller's clock", orphanLeaseMs: 0 },
  { name: 'the token is minted again when the line wakes', load: remintedTokens },
]

/** Each script as it is, to be overridden one at a time. */
function scriptsOf(model: PoolModel): PoolScripts {
  return {
    reserve: (call) => model.reserve(call),
    renew: (call) => model.renew(call),
    release: (call) => model.release(call),
    redeem: (call) => model.redeem(call),
    check: (call) => model.check(call),
    reassert: (call) => model.reassert(call),
  }
}

/** INCRBY when granted, DECRBY when released, no generation; the store may lose it like everything else. */
function bareCounter(model: PoolModel): PoolScripts {
  const view = { epoch: 1, version: 1 }
  const COUNT = 'epoch:count'
  const add = ({ pool }: PoolCall, change: number) => {
    const { leases } = model.pool(pool)
    const count = (leases.get(COUNT) ?? 0) + change
    leases.set(COUNT, count)
    return count
  }
  return {
    reserve: (call) => {
      const free = Math.max(0, call.capacity - add(call, 0))
      const count = Math.min(call.admissionIds.length, free)
      add(call, count)
      return { kind: 'granted', count, free: free - count, view }
    },
    renew: ({ leases }) => ({ kind: 'done', changed: leases.length, view }),
    release: (call) => {
      add(call, -call.admissionIds.length)
      return { kind: 'done', changed: call.admissionIds.length, view }
    },
    redeem: () => ({ kind: 'redeemed', view }),
    check: () => ({ kind: 'lost' }),
    reassert: () => ({ kind: 'open', view }),
  }
}

function withoutBatchIds(model: PoolModel): PoolScripts {
  const forgetBatch = ({ pool, eventId }: ReserveCall) => model.pool(pool).hash?.batches.delete(eventId)
  return {
    ...scriptsOf(model),
    reserve: (call) => {
      forgetBatch(call)
      return model.reserve(call)
    },
  }
}

function releaseByCount(model: PoolModel): PoolScripts {
  return {
    ...scriptsOf(model),
    release: (call) => {
      const reply = model.release(call)
      if (reply.kind === 'lost') return reply
      const { leases } = model.pool(call.pool)
      const others = [...leases.keys()].filter((member) => !member.startsWith('epoch:'))
      for (const member of others.slice(0, call.admissionIds.length - reply.changed)) leases.delete(member)
      return reply
    },
  }
}

function withoutReassertion(model: PoolModel): PoolScripts {
  return {
    ...scriptsOf(model),
    reassert: (call) => model.reassert({ ...call, leases: [], memberEventIds: [call.eventId] }),
  }
}

/** Whatever the caller saw last, its call is taken for a present one of this epoch; what comes of it is not counted. */
function withoutOvertaking(model: PoolModel): PoolScripts {
  return {
    ...scriptsOf(model),
    check: (call) => {
      const reply = model.check(call)
      return reply.kind === 'checked' ? { ...reply, leases: call.admissionIds.length } : reply
    },
    reserve: (call) => {
      const known = model.pool(call.pool).hash?.versions.get(call.eventId) ?? 0
      const view = { ...call.view, version: Math.max(known, call.view.version) }
      return model.reserve({ ...call, view, toldVersion: view.version })
    },
  }
}

function absentHeadBlocks(line: LineState): void {
  const { waiting } = line
  const head = waiting.head.bind(waiting)
  waiting.head = (count, everybody) => {
    const all = head(count, true)
    const absent = everybody ? -1 : all.findIndex((visitor) => visitor.absentSinceMs !== null)
    return absent === -1 ? all : all.slice(0, absent)
  }
}

function remintedTokens(snapshot: Snapshot): Snapshot {
  const admissions = snapshot.admissions.map((record) => ({ ...record, token: `${record.token}, again` }))
  return { ...snapshot, admissions }
}
