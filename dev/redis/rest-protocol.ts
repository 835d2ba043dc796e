/** The wire format of Upstash's REST API, as far as its SDK uses it (https://upstash.com/docs/redis/features/restapi). */
import type { Command } from './resp.ts'
import { ReplyError, ReplyStatus, type Reply } from './resp-parser.ts'

export type RestResult = { readonly result: RestValue } | { readonly error: string }
export type RestValue = string | number | null | RestValue[]
export type Encoding = 'base64' | 'plain'

/**
 * Commands that would change or hold up the one connection that all requests share. Upstash's stateless API does not
 * offer them either.
 */
const REFUSED_COMMANDS = new Set(
  [
    'AUTH HELLO SELECT RESET QUIT CLIENT MULTI EXEC DISCARD WATCH UNWATCH',
    'SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE MONITOR SYNC PSYNC',
    'BLPOP BRPOP BLMOVE BLMPOP BRPOPLPUSH BZPOPMIN BZPOPMAX BZMPOP WAIT WAITAOF',
    'SHUTDOWN DEBUG REPLICAOF SLAVEOF FAILOVER CLUSTER MODULE',
  ].flatMap((line) => line.split(' ')),
)

/** The commands of a request; null when one of them is none. */
export function parseCommands(json: unknown): Command[] | null {
  if (!Array.isArray(json)) return null
  const commands = json.map(parseCommand)
  return commands.every((command) => command !== null) ? commands : null
}

/** One command of a request's JSON; null when it is none. Numbers and the like become text, as the SDK expects. */
function parseCommand(json: unknown): Command | null {
  if (!Array.isArray(json) || json.length === 0) return null
  return json.map((part: unknown) => (typeof part === 'string' ? part : JSON.stringify(part)))
}

/** Why the command is refused without asking the engine; null when it is not. */
export function refusalOf(command: Command): string | null {
  const name = command[0]?.toString().toUpperCase() ?? ''
  return REFUSED_COMMANDS.has(name) ? `ERR Command is not available: '${name}'` : null
}

/** One reply as an object of the answer. */
export function toRestResult(reply: Reply, encoding: Encoding): RestResult {
  if (reply instanceof ReplyError) return { error: reply.message }
  // The SDK takes a bare OK for itself, at the top only.
  if (reply instanceof ReplyStatus && reply.text === 'OK') return { result: 'OK' }
  return { result: toRestValue(reply, encoding) }
}

function toRestValue(reply: Reply, encoding: Encoding): RestValue {
  if (reply === null || typeof reply === 'number') return reply
  if (Array.isArray(reply)) return reply.map((item) => toRestValue(item, encoding))
  if (Buffer.isBuffer(reply)) return reply.toString(encoding === 'base64' ? 'base64' : 'utf8')
  const text = reply instanceof ReplyStatus ? reply.text : reply.message
  return encoding === 'base64' ? Buffer.from(text).toString('base64') : text
}
