/**
 * The coupon services that this one replaces, as they were written: each step a command of its own, between which anybody
 * may come. Never used but to see that the checks see what they do.
 */
import type { Redis } from '@upstash/redis/cloudflare'
import { pause } from '../usher.ts'
import type { Books, Told } from './books.ts'

const REQUESTS = 'originals:requests'
const CODES = 'originals:codes'
const LOCK = 'task:lock'
/** What issuing itself takes: a row in a database. */
const ISSUING_MS = 2
/** Bounds a run that would otherwise go on: as a scheduler would come again. */
const ROUNDS_MAX = 2_000

type Row = { readonly userId: string; readonly code: string }
type Lock = { readonly take: () => Promise<boolean>; readonly give: () => Promise<void> }

export type Listener = 'no lock' | 'a lock that is looked at and then set' | 'a lock that is set at once'

/**
 * The listener of a list of requests, on several instances: look at the first, issue, take the first away.
 * @param userIds who was told that the request is taken
 */
export async function listenAndIssue(
  redis: Redis,
  userIds: readonly string[],
  instances: number,
  listener: Listener,
): Promise<Books> {
  await redis.del(REQUESTS, LOCK)
  await redis.rpush(REQUESTS, ...userIds)
  const rows: Row[] = []
  const issue = async (userId: string): Promise<void> => {
    await pause(ISSUING_MS)
    rows.push({ userId, code: `code ${rows.length}` })
  }
  await Promise.all(
    Array.from({ length: instances }, (_, instance) =>
      listen(redis, issue, lockOf(redis, listener, instance)),
    ),
  )
  const pending: Told = { status: 202, claimId: null, state: 'pending', code: null, problem: null }
  const told = new Map(userIds.map((userId) => [userId, [{ ...pending, claimId: userId }]] as const))
  return booksOf({ stock: userIds.length, rows, told, codes: null })
}

async function listen(redis: Redis, issue: (userId: string) => Promise<void>, lock: Lock): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    if (!(await lock.take())) {
      await pause(1)
      continue
    }
    try {
      const userId = await redis.lindex(REQUESTS, 0)
      if (userId === null) return
      await issue(String(userId))
      await redis.lpop(REQUESTS)
    } finally {
      await lock.give()
    }
  }
}

function lockOf(redis: Redis, listener: Listener, instance: number): Lock {
  const give = async (): Promise<void> => void (await redis.del(LOCK))
  switch (listener) {
    case 'no lock':
      return { take: async () => true, give: async () => {} }
    case 'a lock that is looked at and then set':
      return {
        take: async () => {
          if ((await redis.get(LOCK)) !== null) return false
          await redis.set(LOCK, 'true')
          return true
        },
        give,
      }
    case 'a lock that is set at once':
      return { take: async () => (await redis.set(LOCK, instance, { nx: true, px: 10_000 })) === 'OK', give }
  }
}

export type Refill = 'whenever it is empty' | 'once'

/**
 * A list of codes in Redis in front of a table: who finds it empty fills it, under a lock, with what the table still has.
 * @param isSlow the table hears of a claim only this many milliseconds after the visitor
 */
export async function popAndRefill(
  redis: Redis,
  codes: readonly string[],
  userIds: readonly string[],
  refill: Refill,
  isSlow = 20,
): Promise<Books> {
  await redis.del(CODES, LOCK)
  const table = new Map<string, string | null>(codes.map((code) => [code, null]))
  const rows: Row[] = []
  let isFilled = false
  const fill = async (): Promise<void> => {
    while ((await redis.set(LOCK, '1', { nx: true, px: 10_000 })) !== 'OK') await pause(1)
    const left = [...table].flatMap(([code, userId]) => (userId === null ? [code] : []))
    const isDue = refill === 'whenever it is empty' ? (await redis.llen(CODES)) === 0 : !isFilled
    isFilled = true
    if (isDue && left.length > 0) await redis.rpush(CODES, ...left)
    await redis.del(LOCK)
  }
  const written: Promise<void>[] = []
  const told = new Map<string, readonly Told[]>()
  const claim = async (userId: string): Promise<void> => {
    let code = await redis.lpop<string>(CODES)
    if (code === null) {
      await fill()
      code = await redis.lpop<string>(CODES)
    }
    told.set(userId, [code === null ? soldOut : issued(userId, code)])
    if (code === null) return
    rows.push({ userId, code })
    written.push(pause(isSlow).then(() => void table.set(code, userId)))
  }
  const waiting = userIds.values()
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      for (const userId of waiting) await claim(userId)
    }),
  )
  await Promise.all(written)
  return booksOf({ stock: codes.length, rows, told, codes: new Set(codes) })
}

/** A counter that is looked at and then counted down, and a set of who has one that is asked before it is told. */
export async function lookAndTake(
  redis: Redis,
  stock: number,
  userIds: readonly string[],
  isAtomic: boolean,
): Promise<Books> {
  await redis.set(CODES, String(stock))
  await redis.del(REQUESTS)
  const rows: Row[] = []
  const told = new Map<string, Told[]>(userIds.map((userId) => [userId, []]))
  const take = isAtomic ? takeAtOnce : takeInSteps
  const claim = async (userId: string): Promise<void> => {
    const left = await take(redis, userId)
    if (left === null) {
      told.get(userId)?.push(soldOut)
      return
    }
    const code = `code ${stock - left}`
    rows.push({ userId, code })
    told.get(userId)?.push(issued(userId, code))
  }
  await Promise.all(userIds.map(claim))
  return booksOf({ stock, rows, told, codes: null })
}

async function takeInSteps(redis: Redis, userId: string): Promise<number | null> {
  if ((await redis.sismember(REQUESTS, userId)) === 1) return null
  const left = Number(await redis.get(CODES))
  if (left <= 0) return null
  await redis.set(CODES, String(left - 1))
  await redis.sadd(REQUESTS, userId)
  return left
}

const TAKE = `
if redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 1 then return false end
local left = tonumber(redis.call('GET', KEYS[1]))
if left <= 0 then return false end
redis.call('SET', KEYS[1], tostring(left - 1))
redis.call('SADD', KEYS[2], ARGV[1])
return left`

async function takeAtOnce(redis: Redis, userId: string): Promise<number | null> {
  const left = await redis.eval(TAKE, [CODES, REQUESTS], [userId])
  return left === null ? null : Number(left)
}

const soldOut: Told = { status: 410, claimId: null, state: null, code: null, problem: 'sold-out' }

function issued(userId: string, code: string): Told {
  return { status: 201, claimId: userId, state: 'issued', code, problem: null }
}

/** What a reconciliation of the rows would say, which is all that there is. */
function booksOf(known: Pick<Books, 'stock' | 'rows' | 'told' | 'codes'>): Books {
  const { stock, rows } = known
  const mine = new Map(rows.map(({ userId, code }) => [userId, { ...issued(userId, code), status: 200 }]))
  const remaining = Math.max(0, stock - rows.length)
  const reconciled = { stock, issued: rows.length, pending: 0, failed: 0, remaining, consistent: true }
  return { ...known, mine, reconciled, lost: 'nothing' }
}
