/** HTTP as a visitor's browser or a shop's server with retries does it: asks again until there is an answer. */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Interval } from '../../src/cli/load/statistics.ts'

const SOCKETS_MAX = 96
const ATTEMPT_TIMEOUT_MS = 6_000
const RETRY_AFTER_MS_MAX = 2_000
const PAUSE_MS = { min: 100, spread: 200 }

export type PatientAnswer = {
  readonly status: number
  readonly body: any
  /** The attempt that was answered: the server made the answer within this time. */
  readonly said: Interval
}

type Call = { readonly bearer?: string; readonly body?: unknown; readonly withinMs?: number }
type Attempt = {
  readonly status: number
  readonly retryAfterMs: number
  readonly text: string
  readonly said: Interval
}

export class PatientClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX })
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  close(): void {
    this.#agent.destroy()
  }

  /**
   * Repeats what got no answer, 429 or 503; every call of the crowd is safe to repeat.
   * @throws Error when there is no answer within `withinMs` (45 s)
   */
  async call(method: string, path: string, call: Call = {}): Promise<PatientAnswer> {
    const deadlineMs = Date.now() + (call.withinMs ?? 45_000)
    for (let attempts = 1; ; attempts += 1) {
      const answer = await this.#attempt(method, path, call).catch(() => null)
      if (answer !== null && answer.status !== 503 && answer.status !== 429) {
        const body: unknown = answer.text === '' ? null : JSON.parse(answer.text)
        return { status: answer.status, body, said: answer.said }
      }
      if (Date.now() > deadlineMs) throw new Error(`${method} ${path}: no answer, ${attempts} attempts`)
      await sleep(answer?.retryAfterMs ?? PAUSE_MS.min + Math.random() * PAUSE_MS.spread)
    }
  }

  #attempt(method: string, path: string, call: Call): Promise<Attempt> {
    const fromMs = Date.now()
    const payload = call.body === undefined ? null : JSON.stringify(call.body)
    return new Promise((resolve, reject) => {
      const outgoing = request(this.#url + path, { method, agent: this.#agent })
      outgoing.setTimeout(ATTEMPT_TIMEOUT_MS, () => outgoing.destroy(new Error('no answer in time')))
      outgoing.on('error', reject)
      outgoing.on('response', (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (piece: string) => (text += piece))
        response.on('error', reject)
        response.on('end', () => {
          const retryAfterMs = Number(response.headers['retry-after'] ?? 1) * 1_000
          resolve({
            status: response.statusCode ?? 0,
            retryAfterMs: Math.min(RETRY_AFTER_MS_MAX, retryAfterMs),
            text,
            said: { fromMs, toMs: Date.now() },
          })
        })
      })
      if (call.bearer !== undefined) outgoing.setHeader('Authorization', `Bearer ${call.bearer}`)
      if (payload !== null) outgoing.setHeader('Content-Type', 'application/json')
      outgoing.end(payload ?? undefined)
    })
  }
}
