/** What was counted: the schema of operations.json, which count.ts writes and the bill reads. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'

const total = z.number().nonnegative()

/** The sums of one measured run; divide by `count` for one operation. */
const operationSchema = z.object({
  /** What was done `count` times. */
  unit: z.string(),
  count: z.int().positive(),
  /** Invocations of the Worker: requests and cron runs. */
  workerRequests: total,
  /** Calls and fetches that reached a Durable Object. */
  objectRequests: total,
  /** Alarms that rang meanwhile; they are requests to the object too. */
  alarms: total,
  /** Calls of `setAlarm` meanwhile; each is billed as a row written. */
  alarmsSet: total,
  /** As SQLite reports them, index rows included. */
  rowsRead: total,
  rowsWritten: total,
  /** Of queues: messages written, read and deleted. */
  queueOperations: total,
  /** HTTP requests to Redis, and the commands in them; a script call is one. */
  redisRequests: total,
  redisCalls: total,
  /** What Redis executed: the calls, and what their scripts called. */
  redisCommands: total,
  /** Messages of streams, comments included, as the clients received them. */
  streamMessages: total,
  /** Bodies of answers and streams, in bytes before compression. */
  bytesOut: total,
  /** CPU time of the whole runtime on the machine that counted, in steps of 10 ms; 0 where it cannot be read. */
  cpuMs: total,
})

/** In the order in which they are counted; what each is, is its `unit` in the file. */
export const OPERATION_NAMES = [
  'pageLoad',
  'session',
  'join',
  'redeem',
  'renew',
  'cronMinute',
  'turnover',
  'leave',
  'pollStatus',
  'pollProgress',
  'poll',
  'streamOpen',
  'tick',
  'streamSecondQuiet',
  'streamSecondMoving',
  'streamReopen',
  'admitOneBatch',
  'forgetLeft',
  'forgetAdmitted',
  'scrape',
  'charge',
  'seatMap',
  'hold',
  'payByWallet',
  'payByProvider',
  'turnoverTold',
  'payByWalletTold',
] as const
export type OperationName = (typeof OPERATION_NAMES)[number]
export type Operation = z.infer<typeof operationSchema>
export type Operations = Readonly<Record<OperationName, Operation>>

const fileSchema = z.object({
  /** ISO 8601, UTC. */
  countedAt: z.string(),
  machine: z.object({ cpu: z.string(), cores: z.int(), memoryGb: z.number(), os: z.string() }),
  versions: z.object({
    node: z.string(),
    miniflare: z.string(),
    workerd: z.string(),
    redis: z.string(),
    commit: z.string(),
  }),
  /** Runs that were counted again after the others, on the same machine. */
  later: z.record(z.string(), z.object({ countedAt: z.string(), commit: z.string() })),
  operations: z.record(z.enum(OPERATION_NAMES), operationSchema),
})
export type CountedFile = z.infer<typeof fileSchema>

/** @throws Error when the file is not there or is not of this schema. */
export function readCounted(file: URL | string): CountedFile {
  return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
}
