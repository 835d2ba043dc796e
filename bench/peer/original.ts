/**
 * The algorithm of the design that Usher grew from, on the same Redis, without its framework: a promotion script, a
 * consumer that handles one promoted user after the other, and a ranking of everybody in each second.
 */
import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../../dev/redis/engine.ts'
import { RespClient, type Command } from '../../dev/redis/resp.ts'
import { ReplyError, type Reply } from '../../dev/redis/resp-parser.ts'
import { largeArray } from './large-reply.ts'
import { PROMOTE_SCRIPT } from './promote-script.ts'

const EVENT_ID = 'peer'
const INSTANCE_ID = 'broker-1'
const WAITING = `WAITING:${EVENT_ID}`
const RECORDS = `WAITING_QUEUE_RECORD:${EVENT_ID}`
const USER_IDS = `WAITING_USER_ID:${EVENT_ID}`
const COUNT = `ENTRY_QUEUE_COUNT:${EVENT_ID}`
const KEYS = [WAITING, COUNT, RECORDS, USER_IDS, 'ENTRY']
const SECRET = 'a secret of the right length for the original, which signs with HS512 and 64 bytes'
const TOKEN_TTL_MS = 300_000
/** Messages that a listener takes in one read. */
const READ_COUNT = 10
const FILL_CHUNK = 1_000

export class Original {
  readonly #engine: Engine
  readonly #client: RespClient
  /** Added to every call, as the network would. */
  delayMs = 0

  constructor(engine: Engine) {
    this.#engine = engine
    this.#client = new RespClient(engine)
  }

  close(): void {
    this.#client.close()
  }

  async clear(): Promise<void> {
    await this.#call([['DEL', ...KEYS, 'DISPATCH']])
    await this.#call([
      ['XGROUP', 'CREATE', 'ENTRY', 'ENTRY_GROUP', '0', 'MKSTREAM'],
      ['XGROUP', 'CREATE', 'DISPATCH', 'BROKER_GROUP', '0', 'MKSTREAM'],
    ])
  }

  /** What joining writes, without the joining. */
  async fill(count: number): Promise<void> {
    for (let from = 0; from < count; from += FILL_CHUNK) {
      const commands: Command[] = []
      for (let index = from; index < Math.min(count, from + FILL_CHUNK); index += 1) {
        const userId = `g_${String(index).padStart(22, '0')}`
        const record = {
          userId,
          eventId: EVENT_ID,
          joinedAt: index,
          instanceId: INSTANCE_ID,
          seatCount: 1_000,
        }
        commands.push(
          ['HSETNX', USER_IDS, userId, 'true'],
          ['ZADD', WAITING, String(index), userId],
          ['HSET', RECORDS, userId, JSON.stringify(record)],
        )
      }
      await this.#client.send(commands)
    }
  }

  /** One run of the script. Answers how many it promoted. */
  async promote(capacity: number): Promise<number> {
    const script: Command = ['EVAL', PROMOTE_SCRIPT, '5', ...KEYS, EVENT_ID, String(capacity)]
    const [promoted] = await this.#call([script])
    return Number(promoted)
  }

  /** Both listeners, one message after the other, until nothing is left. Answers how many users were told. */
  async consume(told: (token: string) => void): Promise<number> {
    let users = 0
    for (;;) {
      const entered = await this.#read('ENTRY', 'ENTRY_GROUP')
      for (const { id, fields } of entered) {
        await this.#call([['XADD', 'DISPATCH', '*', ...fields, 'dispatchedAt', String(Date.now())]])
        await this.#call([['XACK', 'ENTRY', 'ENTRY_GROUP', id]])
      }
      const dispatched = await this.#read('DISPATCH', 'BROKER_GROUP')
      for (const { id, fields } of dispatched) {
        told(entryToken(fields[1] ?? ''))
        await this.#call([['DECR', COUNT]])
        await this.#call([['XACK', 'DISPATCH', 'BROKER_GROUP', id]])
        users += 1
      }
      if (entered.length === 0 && dispatched.length === 0) return users
    }
  }

  /** Everybody's position, as each second has it; `show` is told those that have a stream. */
  async rank(show: (frame: string) => void, hasStream: (index: number) => boolean): Promise<number> {
    const ranked = await largeArray(this.#engine, ['ZRANGE', WAITING, '0', '-1', 'WITHSCORES'])
    const totalWaiting = ranked.length / 2
    for (let position = 0; position < totalWaiting; position += 1) {
      if (!hasStream(position)) continue
      const data = { type: 'QUEUE_POSITION', position: position + 1, totalWaiting, timestamp: Date.now() }
      show(`event:position\ndata:${JSON.stringify(data)}\n\n`)
    }
    return totalWaiting
  }

  async #read(stream: string, group: string): Promise<{ id: string; fields: string[] }[]> {
    const command: Command = [
      'XREADGROUP',
      'GROUP',
      group,
      'c1',
      'COUNT',
      String(READ_COUNT),
      'STREAMS',
      stream,
      '>',
    ]
    const [reply] = await this.#call([command])
    const [first] = Array.isArray(reply) ? reply : []
    const messages = Array.isArray(first) && Array.isArray(first[1]) ? first[1] : []
    return messages.flatMap((message) => {
      const [id, fields] = Array.isArray(message) ? message : []
      return Array.isArray(fields) ? [{ id: textOf(id), fields: fields.map(textOf) }] : []
    })
  }

  async #call(commands: readonly Command[]): Promise<Reply[]> {
    if (this.delayMs > 0) await sleep(this.delayMs)
    const replies = await this.#client.send(commands)
    for (const reply of replies) if (reply instanceof ReplyError) throw reply
    return replies
  }
}

/** @throws Error for what is no text. */
function textOf(reply: Reply | undefined): string {
  if (typeof reply === 'string') return reply
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString()
  throw new Error('the stream holds something else than texts')
}

function entryToken(userId: string): string {
  const nowMs = Date.now()
  const claims = {
    sub: userId,
    eventId: EVENT_ID,
    purpose: 'QUEUE_ENTRY',
    iat: nowMs,
    exp: nowMs + TOKEN_TTL_MS,
  }
  const text = [{ alg: 'HS512' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${createHmac('sha512', SECRET).update(text).digest('base64url')}`
}
