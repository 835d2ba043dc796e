/**
 * How often everything happens in a sale, and what that adds up to. What one of each costs is not said here: it was
 * counted, and is in operations.json (operations.ts has the schema).
 */
import { progressAfterMs } from '../src/client/position-bound.ts'
import {
  POLL_AFTER_MS_FAR,
  POLL_RATES,
  STREAM_LIFE_MS_MIN,
  STREAM_LIFE_MS_SPREAD,
} from '../src/core/limits.ts'
import { WALLET_SHARDS } from '../src/purchase/core/limits.ts'
import { text, type Activity } from './activity.ts'
import { objectsOf } from './objects.ts'
import type { Operation, OperationName, Operations } from './operations.ts'
import { METERS, OBJECT_GB, type Meter } from './prices.ts'
import { shardCalls } from './shard-calls.ts'
import { admissionsOf, secondsOf, streamsOf, visitorsOf, type Workload } from './workload.ts'

const STREAM_LIFE_SECONDS = (STREAM_LIFE_MS_MIN + STREAM_LIFE_MS_SPREAD / 2) / 1_000
/** The default of an event's `leaseTtlSeconds`; a shop that renews at half of it has a try to spare. */
const LEASE_TTL_SECONDS = 600
/** Where those who poll are; each asks the line for the document once a second. A sale that a country watches. */
const DATA_CENTRES = 20
/** What the watchdog compares in one script call. */
const LEASES_PER_CALL = 1_000

/** Everything that happens when `streamsShare` (0..1) of those who wait have a stream and the others poll. */
export function activitiesOf(load: Workload, streamsShare: number, counted: Operations): Activity[] {
  return [
    ...arriving(load, streamsShare, counted),
    ...waiting(load, streamsShare, counted),
    ...shopping(load, counted),
    ...buying(load, counted),
    ...afterwards(load, counted),
    ...event(load, streamsShare, counted),
  ]
    .filter(({ times }) => times > 0)
    .map((activity) => logged(activity, load.logSampling))
}

/** What all activities need of each meter. */
export function totalsOf(activities: readonly Activity[]): Record<Meter, number> {
  const sum = (meter: Meter): number =>
    activities.reduce((total, { times, needs }) => total + times * (needs[meter] ?? 0), 0)
  return Object.fromEntries(METERS.map((meter) => [meter, sum(meter)])) as Record<Meter, number>
}

/** Calls a second that those who wait cause at the line, on average. A stream opened at a shard is one, at most. */
export function callsPerSecondOf(load: Workload, activities: readonly Activity[]): number {
  const calls = activities
    .filter(({ phase }) => phase === 'waiting')
    .reduce((sum, { times, needs }) => sum + times * (needs.objectRequests ?? 0), 0)
  return calls / secondsOf(load)
}

/** What one of a counted operation needs. Its ticks are left out: they belong to the event, not to the operation. */
export function needsOf(
  operation: Operation,
): Record<
  | 'workerRequests'
  | 'workerCpuMs'
  | 'objectRequests'
  | 'rowsRead'
  | 'rowsWritten'
  | 'queueOperations'
  | 'redisCommands',
  number
> {
  const { count } = operation
  return {
    workerRequests: operation.workerRequests / count,
    // Everything that the runtime did, hence more than the Worker alone.
    workerCpuMs: operation.workerRequests === 0 ? 0 : operation.cpuMs / count,
    objectRequests: operation.objectRequests / count,
    rowsRead: operation.rowsRead / count,
    rowsWritten: operation.rowsWritten / count,
    queueOperations: operation.queueOperations / count,
    redisCommands: operation.redisCommands / count,
  }
}

function arriving(load: Workload, streamsShare: number, counted: Operations): Activity[] {
  const visitors = visitorsOf(load)
  const arithmetic = `${text(load.waiting)} who wait + ${text(load.admitPerMinute)}/min x ${text(load.hours * 60)} min`
  const each = (label: string, name: OperationName): Activity => ({
    phase: 'arriving',
    label,
    times: visitors,
    arithmetic,
    needs: needsOf(counted[name]),
  })
  return [
    each('page loads', 'pageLoad'),
    each('sessions', 'session'),
    each('joins', 'join'),
    {
      ...each('first streams', 'streamOpen'),
      times: visitors * streamsShare,
      arithmetic: `(${arithmetic}) x ${text(streamsShare)}`,
    },
  ]
}

function waiting(load: Workload, streamsShare: number, counted: Operations): Activity[] {
  const seconds = secondsOf(load)
  const streams = streamsOf(load, streamsShare)
  return [
    {
      phase: 'waiting',
      label: 'streams opened again',
      times: (streams * seconds) / STREAM_LIFE_SECONDS,
      arithmetic: `${text(streams)} x ${text(seconds)} s / ${text(STREAM_LIFE_SECONDS)} s, the mean life`,
      needs: needsOf(counted.streamOpen),
    },
    ...polling(load, streamsShare, counted),
  ]
}

/** By distance: the own place as a sign of life, and the document of progress as the page asks for it. */
function polling(load: Workload, streamsShare: number, counted: Operations): Activity[] {
  const seconds = secondsOf(load)
  const polls = (label: string, pollers: number, afterMs: number, needs: Activity['needs']): Activity => ({
    phase: 'waiting',
    label,
    times: (pollers * seconds) / (afterMs / 1_000),
    arithmetic: `${text(pollers)} x ${text(seconds)} s / ${text(afterMs / 1_000)} s`,
    needs,
  })
  // Who asks the line for the document is a matter of seconds and not of polls; it is the last of these lines.
  const document = { ...needsOf(counted.pollProgress), objectRequests: 0 }
  const bands = bandsOf(load.waiting).flatMap(({ from, upTo, afterMs }) => {
    const pollers = (upTo - from) * (1 - streamsShare)
    return [
      polls(`polls behind ${text(from)}, place`, pollers, afterMs, needsOf(counted.poll)),
      polls(`polls behind ${text(from)}, progress`, pollers, progressAfterMs(upTo), document),
    ]
  })
  const asking = streamsShare < 1 ? DATA_CENTRES : 0
  return [
    ...bands,
    {
      phase: 'waiting',
      label: 'progress asked of the line',
      times: seconds * asking,
      arithmetic: `${text(seconds)} s x ${text(asking)} data centres`,
      needs: { objectRequests: 1 },
    },
  ]
}

type Band = { readonly from: number; readonly upTo: number; readonly afterMs: number }

/** Positions behind `from` up to `upTo` that are handed the same delay, of a line so long. */
function bandsOf(waiting: number): Band[] {
  const rates = [...POLL_RATES, { upTo: Infinity, afterMs: POLL_AFTER_MS_FAR }]
  return rates
    .map(({ upTo, afterMs }, at) => ({
      from: rates[at - 1]?.upTo ?? 0,
      upTo: Math.min(upTo, waiting),
      afterMs,
    }))
    .filter(({ from, upTo }) => upTo > from)
}

/** At the shop: redeemed, renewed and released by its server. */
function shopping(load: Workload, counted: Operations): Activity[] {
  const admissions = admissionsOf(load)
  const atShop = 1 - load.buyShare
  const renewals = Math.max(0, Math.ceil((load.sessionMinutes * 60) / (LEASE_TTL_SECONDS / 2)) - 1)
  const arithmetic = `${text(load.admitPerMinute)}/min x ${text(load.hours * 60)} min`
  const each = (label: string, name: OperationName, perAdmission: number): Activity => ({
    phase: 'shopping',
    label,
    times: admissions * perAdmission,
    arithmetic: perAdmission === 1 ? arithmetic : `${arithmetic} x ${text(perAdmission)}`,
    needs: needsOf(counted[name]),
  })
  return [
    each('entry tokens redeemed', 'redeem', atShop),
    each('leases renewed', 'renew', renewals),
    each('released, and the next admitted', load.isShopTold ? 'turnoverTold' : 'turnover', atShop),
  ]
}

/** At the purchase service, whose hold redeems the token and whose payment releases the admission. */
function buying(load: Workload, counted: Operations): Activity[] {
  const seconds = secondsOf(load)
  const buyers = admissionsOf(load) * load.buyShare
  if (buyers === 0) return []
  const { seatMap, charge, hold, payByWallet, payByProvider, payByWalletTold } = counted
  const byWallet = load.payBy === 'wallet'
  const paying = needsOf(byWallet ? payByWallet : payByProvider)
  const telling = more(needsOf(payByWalletTold), needsOf(payByWallet))
  const arithmetic = `${text(admissionsOf(load))} admitted x ${text(load.buyShare)}`
  const each = (label: string, needs: Activity['needs']): Activity => ({
    phase: 'buying',
    label,
    times: buyers,
    arithmetic,
    needs,
  })
  const objects = 1 + (byWallet ? WALLET_SHARDS : 0)
  return [
    each('maps of the seats', needsOf(seatMap)),
    ...(byWallet ? [each('wallets charged', needsOf(charge))] : []),
    each('seats held', needsOf(hold)),
    each(`paid by ${load.payBy}, and the next admitted`, paying),
    ...(load.isShopTold ? [each('the shop told of sale and admission', telling)] : []),
    {
      phase: 'buying',
      label: 'the line told of seats (reckoned)',
      times: seconds,
      arithmetic: `${text(seconds)} s, at most once a second`,
      needs: { objectRequests: 1 },
    },
    {
      phase: 'buying',
      label: 'office and wallets awake',
      times: objects * seconds,
      arithmetic: `${objects} x ${text(seconds)} s, at most`,
      needs: { objectGbSeconds: OBJECT_GB },
    },
  ]
}

/** What the first needs beyond the second. */
function more(first: Activity['needs'], second: Activity['needs']): Activity['needs'] {
  const beyond = (meter: Meter): number => Math.max(0, (first[meter] ?? 0) - (second[meter] ?? 0))
  return Object.fromEntries(METERS.map((meter) => [meter, beyond(meter)]))
}

/** Rows are all that is left to pay when the sale is over: deleting is writing. */
function afterwards(load: Workload, counted: Operations): Activity[] {
  const admissions = admissionsOf(load)
  const rows = (label: string, name: OperationName, times: number, arithmetic: string): Activity => {
    const { rowsRead, rowsWritten } = needsOf(counted[name])
    return { phase: 'afterwards', label, times, arithmetic, needs: { rowsRead, rowsWritten } }
  }
  const admitted = `${text(load.admitPerMinute)}/min x ${text(load.hours * 60)} min`
  const left = `${text(load.waiting)} who still wait`
  return [
    rows('places ended when the event closes', 'leave', load.waiting, left),
    rows('forgotten days later, never admitted', 'forgetLeft', load.waiting, left),
    rows('forgotten days later, admitted', 'forgetAdmitted', admissions, admitted),
  ]
}

function event(load: Workload, streamsShare: number, counted: Operations): Activity[] {
  const seconds = secondsOf(load)
  const objects = objectsOf(load, streamsShare)
  const { tick, cronMinute } = counted
  const inside = load.admitPerMinute * load.sessionMinutes
  const cron = needsOf(cronMinute)
  const again = (streamsOf(load, streamsShare) * seconds) / STREAM_LIFE_SECONDS
  const openings = visitorsOf(load) * streamsShare + again
  return [
    {
      phase: 'event',
      label: 'objects awake',
      times: objects.awakeSeconds,
      arithmetic: `${text(objects.total)} at most, together ${text(objects.awakeSeconds)} s`,
      needs: { objectGbSeconds: OBJECT_GB },
    },
    {
      phase: 'event',
      label: 'ticks of the line',
      times: seconds,
      arithmetic: `${text(seconds)} s`,
      needs: { objectRequests: tick.alarms / tick.count, rowsWritten: tick.alarmsSet / tick.count },
    },
    ...shardCalls(load, streamsShare, openings),
    {
      phase: 'event',
      label: 'cron runs',
      times: load.hours * 60,
      arithmetic: `${text(load.hours * 60)} min`,
      needs: {
        ...cron,
        redisCommands: cron.redisCommands * Math.max(1, Math.ceil(inside / LEASES_PER_CALL)),
      },
    },
  ]
}

/** Each invocation of the Worker and each call of an object leaves one event, unless it is not sampled. */
function logged(activity: Activity, sampling: number): Activity {
  const { workerRequests = 0, objectRequests = 0 } = activity.needs
  return {
    ...activity,
    needs: { ...activity.needs, logEvents: (workerRequests + objectRequests) * sampling },
  }
}
