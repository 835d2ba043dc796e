/**
 * Upstash's REST API in front of a Redis engine of this machine, so that a local run speaks to Redis exactly as a
 * deployment does: same SDK, same scripts, same errors. Loopback only, one token, never deployed.
 *
 * `POST /`, `POST /pipeline` and `POST /multi-exec` as documented by Upstash; `POST /__faults` sets faults and answers
 * with those in force and the counters.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { LOOPBACK } from '../ports.ts'
import type { Engine } from './engine.ts'
import { Faults, parseFaults } from './faults.ts'
import { ScriptRewriter } from './key-locking.ts'
import { RespClient, RespConnectionError, type Command } from './resp.ts'
import { ReplyError, type Reply } from './resp-parser.ts'
import { parseCommands, refusalOf, toRestResult, type Encoding } from './rest-protocol.ts'

/** Upstash's own limit for a request. */
const REQUEST_BYTES_MAX = 10 * 1024 * 1024

/** Longer than any caller's own: a connection closed here just as a request comes would look like a fault. */
const KEEP_ALIVE_MS = 600_000

export type FrontOptions = {
  readonly engine: Pick<Engine, 'host' | 'port' | 'username' | 'password' | 'database'>
  /** What callers must present as bearer token. */
  readonly token: string
  /** A free one by default. */
  readonly port?: number
}

export type FrontStats = {
  /** HTTP requests with the right token, faults included. */
  readonly requests: number
  /** Commands that reached the engine. */
  readonly commands: number
}

export type Front = {
  readonly url: string
  readonly token: string
  readonly faults: Faults
  readonly stats: FrontStats
  /** Idempotent. Breaks open connections. */
  stop(): Promise<void>
}

type Answer = { readonly status: number; readonly body: unknown }
/** `isClean`: every command ran, and none of them answered an error. */
type Executed = Answer & { readonly isClean: boolean }

const PATHS = new Set(['/', '/pipeline', '/multi-exec'])

/** Resolves when the front accepts requests. The engine may be away; requests then answer 503. */
export async function startFront(options: FrontOptions): Promise<Front> {
  const front = new RestFront(options)
  const server = createServer((request, response) => void front.serve(request, response))
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.listen(options.port ?? 0, LOOPBACK)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('an HTTP server has no port')
  return {
    url: `http://${LOOPBACK}:${address.port}`,
    token: options.token,
    faults: front.faults,
    stats: front.stats,
    stop: async () => {
      front.close()
      server.closeAllConnections()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

class RestFront {
  readonly faults = new Faults()
  readonly stats = { requests: 0, commands: 0 }
  readonly #client: RespClient
  readonly #scripts = new ScriptRewriter()
  readonly #tokenDigest: Buffer

  constructor(options: FrontOptions) {
    this.#client = new RespClient(options.engine)
    this.#tokenDigest = sha256(`Bearer ${options.token}`)
  }

  close(): void {
    this.#client.close()
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await this.#answer(request)
      if (answer === null) {
        response.destroy()
        return
      }
      response.writeHead(answer.status, {
        'Content-Type': 'application/json',
        'Upstash-Sync-Token': String(this.stats.requests),
      })
      response.end(JSON.stringify(answer.body))
    } catch (error) {
      // The caller broke off while sending; anything else is a bug of this file, and has to be seen.
      if (!request.destroyed) console.error('Redis front:', error)
      response.destroy()
    }
  }

  /** Null: the connection breaks without an answer. */
  async #answer(request: IncomingMessage): Promise<Answer | null> {
    if (!timingSafeEqual(sha256(request.headers.authorization ?? ''), this.#tokenDigest)) {
      return { status: 401, body: { error: 'WRONGPASS invalid or missing auth token' } }
    }
    if (request.method !== 'POST') return { status: 405, body: { error: 'ERR only POST is supported' } }
    const body = await readBody(request)
    if (body === 'too large') return { status: 413, body: { error: 'ERR max request size exceeded' } }
    if (body === 'not JSON') return { status: 400, body: { error: 'ERR failed to parse the request body' } }
    if (request.url === '/__faults') return this.#setFaults(body.json)
    return await this.#serveCommands(request, body.json)
  }

  #setFaults(json: unknown): Answer {
    const change = parseFaults(json)
    if (change === null) return { status: 400, body: { error: 'ERR unknown fault or value' } }
    this.faults.set(change)
    return { status: 200, body: { faults: this.faults.settings, stats: this.stats } }
  }

  async #serveCommands(request: IncomingMessage, json: unknown): Promise<Answer | null> {
    this.stats.requests++
    // Not for 0: a timer takes a millisecond at least.
    if (this.faults.settings.delayMs > 0) await sleep(this.faults.settings.delayMs)
    const verdict = this.faults.judge()
    if (verdict === 'drop') return null
    if (verdict === 'fail') return { status: 503, body: { error: 'ERR the service is not available' } }
    const encoding: Encoding = request.headers['upstash-encoding'] === 'base64' ? 'base64' : 'plain'
    try {
      const answer = await this.#execute(request.url ?? '/', json, encoding)
      return answer.isClean && this.faults.losesAnswer() ? null : answer
    } catch (error) {
      if (!(error instanceof RespConnectionError)) throw error
      return { status: 503, body: { error: `ERR ${error.message}` } }
    }
  }

  async #execute(path: string, json: unknown, encoding: Encoding): Promise<Executed> {
    if (!PATHS.has(path)) return { status: 404, body: { error: 'ERR unknown path' }, isClean: false }
    const commands = path === '/' ? parseCommands([json]) : parseCommands(json)
    if (commands === null)
      return { status: 400, body: { error: 'ERR failed to parse command' }, isClean: false }
    if (path === '/multi-exec') {
      const executed = await this.#transact(commands)
      return Array.isArray(executed) ? answerEach(executed, encoding) : answerOne(executed, encoding)
    }
    const replies = await this.#send(commands)
    return path === '/pipeline' ? answerEach(replies, encoding) : answerOne(replies[0] ?? null, encoding)
  }

  /** One reply for each command; what is refused here does not reach the engine. */
  async #send(commands: readonly Command[]): Promise<Reply[]> {
    const rewritten = commands.map((command) => ({
      ...this.#scripts.rewrite(command),
      refusal: refusalOf(command),
    }))
    const accepted = rewritten.filter(({ refusal }) => refusal === null)
    this.stats.commands += accepted.length
    const replies = await this.#client.send(accepted.map(({ command }) => command))
    return rewritten.map(({ refusal, reply }) =>
      refusal === null ? reply(replies.shift() ?? null) : new ReplyError(refusal),
    )
  }

  /** The replies of EXEC, or the error for which the transaction was discarded. */
  async #transact(commands: readonly Command[]): Promise<Reply> {
    const refusal = commands.map(refusalOf).find((reason) => reason !== null)
    if (refusal !== undefined) return new ReplyError(`EXECABORT Transaction discarded because of: ${refusal}`)
    const rewritten = commands.map((command) => this.#scripts.rewrite(command))
    this.stats.commands += commands.length
    const replies = await this.#client.send([['MULTI'], ...rewritten.map(({ command }) => command), ['EXEC']])
    const executed = replies.at(-1) ?? null
    return Array.isArray(executed)
      ? executed.map((item, index) => rewritten[index]?.reply(item) ?? item)
      : executed
  }
}

function answerOne(reply: Reply, encoding: Encoding): Executed {
  return { status: isError(reply) ? 400 : 200, body: toRestResult(reply, encoding), isClean: !isError(reply) }
}

/** One object for each command, with the errors in their places. */
function answerEach(replies: readonly Reply[], encoding: Encoding): Executed {
  const body = replies.map((reply) => toRestResult(reply, encoding))
  return { status: 200, body, isClean: !replies.some(isError) }
}

function isError(reply: Reply): boolean {
  return reply instanceof ReplyError
}

async function readBody(request: IncomingMessage): Promise<{ json: unknown } | 'too large' | 'not JSON'> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= REQUEST_BYTES_MAX) chunks.push(chunk)
  }
  if (size > REQUEST_BYTES_MAX) return 'too large'
  try {
    return { json: JSON.parse(Buffer.concat(chunks).toString()) }
  } catch {
    // Answered with 400.
    return 'not JSON'
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
