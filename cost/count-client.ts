/** Who is counted: visitors, the shop and the operator over HTTP, with the bytes that they received. */
import { setTimeout as sleep } from 'node:timers/promises'
import { SseParser } from '../src/cli/load/sse-parser.ts'

const AT_ONCE = 50
/** Some 40 calls a second. */
const CALL_EVERY_MS = 20

/** Somebody who may buy. */
export type Inside = { readonly token: string; readonly entryToken: string }

export type Answer = { readonly status: number; readonly text: string }

export class CountClient {
  bytesIn = 0
  streamMessages = 0
  readonly #url: string
  readonly #keys: { readonly operator: string; readonly shop: string }
  #events = 0

  constructor(url: string, variables: Readonly<Record<string, string>>) {
    this.#url = url
    this.#keys = { operator: variables['ADMIN_API_KEY'] ?? '', shop: variables['ORIGIN_API_KEY'] ?? '' }
  }

  /** @throws Error when the answer is none of the wanted ones: what failed must not be counted. */
  async send(
    method: string,
    path: string,
    options: { token?: string; body?: object; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer> {
    const response = await fetch(this.#url + path, this.#init(method, options))
    const bytes = await response.bytes()
    this.bytesIn += bytes.length
    const text = new TextDecoder().decode(bytes)
    const isWanted = response.ok || (response.status === 401 && options.token === undefined)
    if (!isWanted) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
    return { status: response.status, text }
  }

  /** A visitor's token. */
  async session(): Promise<string> {
    const { text } = await this.send('POST', '/api/v1/sessions', { body: {} })
    return (JSON.parse(text) as { token: string }).token
  }

  async event(config: object): Promise<string> {
    this.#events += 1
    const eventId = `counted-${this.#events}`
    await this.operator('PUT', eventId, { name: 'Counted', public: false, ...config })
    return eventId
  }

  operator(method: string, path: string, body?: object): Promise<Answer> {
    const init = { token: this.#keys.operator, ...(body !== undefined && { body }) }
    return this.send(method, `/api/v1/admin/events/${path}`, init)
  }

  shop(path: string, body: object): Promise<Answer> {
    return this.send('POST', `/api/v1/admissions/${path}`, { token: this.#keys.shop, body })
  }

  scrape(): Promise<Answer> {
    return this.send('GET', '/metrics', { token: this.#keys.operator })
  }

  charge(token: string, amount: number): Promise<Answer> {
    return this.send('POST', '/api/v1/wallet/charge', { token, body: { amount }, headers: freshKey() })
  }

  seatMap(eventId: string): Promise<Answer> {
    return this.send('GET', `/api/v1/events/${eventId}/seats`)
  }

  /** Answers the id of the reservation. */
  async hold(eventId: string, { token, entryToken }: Inside, seatId: string): Promise<string> {
    const headers = { ...freshKey(), 'Entry-Token': entryToken }
    const path = `/api/v1/events/${eventId}/reservations`
    const { text } = await this.send('POST', path, { token, headers, body: { seatIds: [seatId] } })
    return (JSON.parse(text) as { reservationId: string }).reservationId
  }

  async pay(
    eventId: string,
    { token, entryToken }: Inside,
    reservationId: string,
    method: 'wallet' | 'provider',
  ): Promise<Answer> {
    const headers = { ...freshKey(), 'Entry-Token': entryToken }
    const path = `/api/v1/events/${eventId}/reservations/${reservationId}/payment`
    return this.send('POST', path, { token, headers, body: { method } })
  }

  join(eventId: string, token: string): Promise<Answer> {
    return this.send('POST', `/api/v1/events/${eventId}/queue`, { token })
  }

  poll(eventId: string, token: string): Promise<Answer> {
    return this.send('GET', `/api/v1/events/${eventId}/queue`, { token })
  }

  status(eventId: string): Promise<Answer> {
    return this.send('GET', `/api/v1/events/${eventId}`)
  }

  progress(eventId: string): Promise<Answer> {
    return this.send('GET', `/api/v1/events/${eventId}/progress`)
  }

  leave(eventId: string, token: string): Promise<Answer> {
    return this.send('DELETE', `/api/v1/events/${eventId}/queue`, { token })
  }

  /** Resolves when the stream has answered; it is read until the answered function closes it. */
  async stream(eventId: string, token: string): Promise<() => void> {
    const abort = new AbortController()
    const init = { ...this.#init('GET', { token }), signal: abort.signal }
    const response = await fetch(`${this.#url}/api/v1/events/${eventId}/queue/stream`, init)
    if (response.status !== 200) throw new Error(`the stream answered ${response.status}`)
    void this.#read(response).catch((error: unknown) => {
      if (!abort.signal.aborted) console.error('a stream broke:', error)
    })
    return () => abort.abort()
  }

  async #read(response: Response): Promise<void> {
    const parser = new SseParser()
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      this.bytesIn += chunk.length
      const text = decoder.decode(chunk, { stream: true })
      const comments = text.match(/^:/gm)?.length ?? 0
      this.streamMessages += parser.push(text).length + comments
    }
  }

  #init(
    method: string,
    {
      token,
      body,
      headers: more = {},
    }: { token?: string; body?: object; headers?: Readonly<Record<string, string>> },
  ): RequestInit {
    const headers: Record<string, string> = { ...more }
    if (token !== undefined) headers['Authorization'] = `Bearer ${token}`
    if (body !== undefined) headers['Content-Type'] = 'application/json'
    return { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }
  }
}

/** As a careful client sends it, so that it could be repeated. */
function freshKey(): Record<string, string> {
  return { 'Idempotency-Key': crypto.randomUUID() }
}

/** Does it for each, a bounded number at once, and answers what came of each in order. */
export async function forEach<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let from = 0; from < items.length; from += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(act))))
  }
  return results
}

/** Does it for each at a pace at which each has its own script call, as at any slower one. */
export async function oneByOne<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  for (const item of items) {
    await act(item)
    await sleep(CALL_EVERY_MS)
  }
}

/** Asks until it is so. @throws Error when it does not come. */
export async function until(isSo: () => Promise<boolean>, withinMs: number): Promise<void> {
  const deadlineMs = Date.now() + withinMs
  while (!(await isSo())) {
    if (Date.now() > deadlineMs) throw new Error(`did not happen within ${withinMs} ms: ${String(isSo)}`)
    await sleep(100)
  }
}
