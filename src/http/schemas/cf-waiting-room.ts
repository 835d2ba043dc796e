import * as z from 'zod'
import type { CfWaitingRoom } from '../pages/cf-waiting-room.ts'
import { responseSchemas } from './named.ts'
import { place } from './views.ts'

const minutes = z.int().nonnegative()

const cfWaitingRoom = z.object({
  inWaitingRoom: z.boolean(),
  waitTimeKnown: z.boolean(),
  waitTime: minutes,
  waitTime25Percentile: minutes,
  waitTime50Percentile: minutes,
  waitTime75Percentile: minutes,
  waitTimeFormatted: z.string(),
  queueIsFull: z.boolean(),
  queueAll: z.boolean(),
  lastUpdated: z.iso.datetime(),
  refreshIntervalSeconds: z.int().nonnegative(),
  queueingMethod: z.enum(['fifo', 'random', 'passthrough', 'reject']),
  isFIFOQueue: z.boolean(),
  isRandomQueue: z.boolean(),
  isPassthroughQueue: z.boolean(),
  isRejectQueue: z.boolean(),
  isEventActive: z.boolean(),
  isEventPrequeueing: z.boolean(),
  timeUntilEventStart: minutes,
  timeUntilEventStartFormatted: z.string(),
  timeUntilEventEnd: minutes,
  timeUntilEventEndFormatted: z.string(),
  shuffleAtEventStart: z.boolean(),
  turnstile: z.string(),
  infiniteQueue: z.boolean(),
}) satisfies z.ZodType<CfWaitingRoom>
cfWaitingRoom.register(responseSchemas, { id: 'CfWaitingRoom' })

/** Cloudflare's object, and beside it what is only Usher's: the place, with the entry token, and where to take it. */
export const waitingRoomAnswer = z
  .object({
    cfWaitingRoom,
    usher: z.object({ place: place.nullable(), shopUrl: z.string().nullable() }),
  })
  .register(responseSchemas, { id: 'WaitingRoomAnswer' })
