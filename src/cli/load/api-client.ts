/** The calls of the HTTP contract that fans and the shop make. Knows nothing of the server's inside. */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import { jsonOrNull } from '../json.ts'
import { admissionSchema, eventStatusSchema, placeSchema, problemSchema, sessionSchema } from './wire.ts'

/** Connections at once that are no streams: of the visitors, and of the shop. */
const VISITOR_SOCKETS_MAX = 32
const SERVER_SOCKETS_MAX = 64
/** Every call here is safe to repeat; a server that stays busy for this many tries is a failure of the run. */
const ATTEMPTS_MAX = 5
const RETRY_AFTER_MS_MAX = 5_000
const REQUEST_TIMEOUT_MS = 15_000

type Call = { method: string; path: string; bearer?: string; body?: unknown; agent: Agent }
type Answer = { status: number; retryAfterMs: number; text: string }

type ApiOptions = {
  url: URL
  originKey: string
  eventId: string
  signal: AbortSignal
}

export class Api {
  // Apart from each other, so that a flood of joins does not hold up the shop's redemptions.
  readonly #visitors = new Agent({ keepAlive: true, maxSockets: VISITOR_SOCKETS_MAX })
  readonly #servers = new Agent({ keepAlive: true, maxSockets: SERVER_SOCKETS_MAX })
  readonly #options: ApiOptions
  readonly #event: string

  constructor(options: ApiOptions) {
    this.#options = options
    this.#event = `/api/v1/events/${options.eventId}`
  }

  close(): void {
    this.#visitors.destroy()
    this.#servers.destroy()
  }

  startSession() {
    return this.#read(sessionSchema, {
      method: 'POST',
      path: '/api/v1/sessions',
      body: {},
      agent: this.#visitors,
    })
  }

  join(bearer: string) {
    return this.#read(placeSchema, this.#queue('POST', bearer))
  }

  place(bearer: string) {
    return this.#read(placeSchema, this.#queue('GET', bearer))
  }

  async leave(bearer: string): Promise<void> {
    await this.#send(this.#queue('DELETE', bearer))
  }

  status() {
    return this.#read(eventStatusSchema, { method: 'GET', path: this.#event, agent: this.#servers })
  }

  redeem(token: string, sessionId: string) {
    return this.#read(admissionSchema, this.#origin('POST', '/redeem', { token, sessionId }))
  }

  admission(admissionId: string) {
    return this.#read(admissionSchema, this.#origin('GET', `/${admissionId}`))
  }

  renew(admissionId: string) {
    return this.#read(admissionSchema, this.#origin('POST', `/${admissionId}/renew`, {}))
  }

  complete(admissionId: string) {
    return this.#read(
      admissionSchema,
      this.#origin('POST', `/${admissionId}/release`, { outcome: 'completed' }),
    )
  }

  #queue(method: string, bearer: string): Call {
    const body = method === 'POST' ? { body: {} } : {}
    return { method, path: `${this.#event}/queue`, bearer, agent: this.#visitors, ...body }
  }

  #origin(method: string, path: string, body?: unknown): Call {
    const bearer = this.#options.originKey
    return { method, path: `/api/v1/admissions${path}`, bearer, body, agent: this.#servers }
  }

  async #read<S extends z.ZodType>(schema: S, call: Call): Promise<z.infer<S>> {
    const parsed = schema.safeParse(jsonOrNull(await this.#send(call)))
    if (!parsed.success) throw new Error(`${nameOf(call)} answered something else than the contract says`)
    return parsed.data
  }

  async #send(call: Call): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#once(call).catch((error: unknown) => {
        if (attempt === ATTEMPTS_MAX || this.#options.signal.aborted) throw error
        return { status: 503, retryAfterMs: 200 * attempt, text: '' }
      })
      if (answer.status >= 200 && answer.status < 300) return answer.text
      const isBusy = answer.status === 429 || answer.status === 503
      if (!isBusy || attempt === ATTEMPTS_MAX) {
        const problem = problemSchema.safeParse(jsonOrNull(answer.text))
        const code = problem.success ? ` ${problem.data.code}` : ''
        throw new Error(`${nameOf(call)} answered ${answer.status}${code}`)
      }
      await sleep(answer.retryAfterMs, undefined, { signal: this.#options.signal })
    }
  }

  #once(call: Call): Promise<Answer> {
    const payload = call.body === undefined ? null : JSON.stringify(call.body)
    return new Promise((resolve, reject) => {
      const outgoing = request(new URL(call.path, this.#options.url), {
        method: call.method,
        agent: call.agent,
      })
      outgoing.setTimeout(REQUEST_TIMEOUT_MS, () => outgoing.destroy(new Error(`${nameOf(call)} timed out`)))
      outgoing.on('error', reject)
      outgoing.on('response', (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (piece: string) => (text += piece))
        response.on('error', reject)
        response.on('end', () => {
          const retryAfterMs = Math.min(
            RETRY_AFTER_MS_MAX,
            Number(response.headers['retry-after'] ?? 1) * 1_000,
          )
          resolve({ status: response.statusCode ?? 0, retryAfterMs: retryAfterMs || 1_000, text })
        })
      })
      if (call.bearer !== undefined) outgoing.setHeader('Authorization', `Bearer ${call.bearer}`)
      if (payload !== null) outgoing.setHeader('Content-Type', 'application/json')
      outgoing.end(payload ?? undefined)
    })
  }
}

/** For messages: no ids, so that the same failure of many fans is one line. */
function nameOf({ method, path }: Call): string {
  return `${method} ${path.replace(/\/(?!redeem)[^/]*\.[^/]*/, '/{admissionId}').replace(/(events\/)[^/]+/, '$1{eventId}')}`
}
