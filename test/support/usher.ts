/** A whole Usher for black-box tests: the production bundle in workerd, and who talks to it over HTTP. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startUsher, type UsherOptions, type UsherRuntime } from '../../dev/runtime.ts'
import { PROJECT_ROOT } from '../../dev/settings.ts'
import { SseParser, type SseMessage } from '../../src/cli/load/sse-parser.ts'

export const ADMIN_KEY = 'test-admin-key'
export const ORIGIN_KEY = 'test-origin-key'

/**
 * Kept between the runs and shared by the files of one: the bundle is made once for one state of the sources. Of this checkout
 * alone: the oldest bundles are removed, and another's servers may run from them.
 */
export const BUNDLE_DIR = join(PROJECT_ROOT, '.wrangler/test-bundle')

export type TestUsher = {
  readonly runtime: UsherRuntime
  readonly url: string
  readonly api: Api
  /** Stops it and starts it again on its state; `between` finds nothing running. */
  restart(between?: () => void): Promise<TestUsher>
  stop(): Promise<void>
}

/** Starts with an empty state directory and without cron: a test says when the watchdog comes. `project`: another than this. */
export async function startTestUsher(
  bindings: Readonly<Record<string, string>> = {},
  stateDir: string = mkdtempSync(join(tmpdir(), 'usher-test-')),
  project: Pick<UsherOptions, 'root' | 'direct' | 'wrap' | 'settings'> & { readonly bundleDir: string } = {
    bundleDir: BUNDLE_DIR,
  },
): Promise<TestUsher> {
  const runtime = await startUsher({
    stateDir,
    ...project,
    cron: false,
    settings: {
      PATH: process.env['PATH'],
      USHER_REDIS: process.env['USHER_REDIS'] ?? 'embedded',
      ...project.settings,
    },
    bindings: { ADMIN_API_KEY: ADMIN_KEY, ORIGIN_API_KEY: ORIGIN_KEY, ...bindings },
  })
  return {
    runtime,
    url: runtime.url,
    api: new Api(runtime.url),
    restart: async (between) => {
      await runtime.stop()
      between?.()
      return startTestUsher(bindings, stateDir, project)
    },
    stop: async () => {
      await runtime.stop()
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}

export type Answer = { readonly status: number; readonly body: any; readonly headers: Headers }

export type Visitor = { readonly userId: string; readonly token: string; readonly cookie: string }

let eventCount = 0

/** The HTTP contract, one method for what a caller does most. `request` is for everything else. */
export class Api {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async request(
    method: string,
    path: string,
    options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const headers: Record<string, string> = { ...options.headers }
    if (options.token !== undefined) headers['authorization'] = `Bearer ${options.token}`
    if (options.body !== undefined) headers['content-type'] ??= 'application/json'
    const body =
      options.body === undefined
        ? null
        : typeof options.body === 'string'
          ? options.body
          : JSON.stringify(options.body)
    const response = await fetch(this.#url + path, { method, headers, body, redirect: 'manual' })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return {
      status: response.status,
      body: isJson && text !== '' ? JSON.parse(text) : text,
      headers: response.headers,
    }
  }

  async visitor(): Promise<Visitor> {
    const { status, body, headers } = await this.request('POST', '/api/v1/sessions', { body: {} })
    if (status !== 201) throw new Error(`no session: ${status} ${JSON.stringify(body)}`)
    return { userId: body.userId, token: body.token, cookie: headers.get('set-cookie')?.split(';')[0] ?? '' }
  }

  visitors(count: number): Promise<Visitor[]> {
    return Promise.all(Array.from({ length: count }, () => this.visitor()))
  }

  /** Creates an event under a fresh id and answers the id. */
  async event(config: object = {}): Promise<string> {
    eventCount += 1
    const eventId = `e${process.pid}-${eventCount}`
    const { status, body } = await this.putEvent(eventId, config)
    if (status !== 201) throw new Error(`no event: ${status} ${JSON.stringify(body)}`)
    return eventId
  }

  putEvent(eventId: string, config: object): Promise<Answer> {
    return this.admin('PUT', `events/${eventId}`, { capacity: 10, ...config })
  }

  admin(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.request(method, `/api/v1/admin/${path}`, {
      token: ADMIN_KEY,
      ...(body !== undefined && { body }),
    })
  }

  async detail(eventId: string): Promise<Answer['body']> {
    return (await this.admin('GET', `events/${eventId}`)).body
  }

  /** `pause`, `resume` and the like. */
  act(eventId: string, action: string): Promise<Answer> {
    return this.admin('POST', `events/${eventId}/${action}`)
  }

  patch(eventId: string, change: object): Promise<Answer> {
    return this.admin('PATCH', `events/${eventId}`, change)
  }

  origin(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.request(method, `/api/v1/admissions/${path}`, {
      token: ORIGIN_KEY,
      ...(body !== undefined && { body }),
    })
  }

  status(eventId: string): Promise<Answer> {
    return this.request('GET', `/api/v1/events/${eventId}`)
  }

  join(eventId: string, visitor: Visitor): Promise<Answer> {
    return this.request('POST', `/api/v1/events/${eventId}/queue`, { token: visitor.token })
  }

  /** New visitors, one after the other. */
  async joinAll(eventId: string, visitors: readonly Visitor[]): Promise<void> {
    for (const visitor of visitors) {
      const { status, body } = await this.join(eventId, visitor)
      if (status !== 201) throw new Error(`not joined: ${status} ${JSON.stringify(body)}`)
    }
  }

  place(eventId: string, visitor: Visitor): Promise<Answer> {
    return this.request('GET', `/api/v1/events/${eventId}/queue`, { token: visitor.token })
  }

  leave(eventId: string, visitor: Visitor): Promise<Answer> {
    return this.request('DELETE', `/api/v1/events/${eventId}/queue`, { token: visitor.token })
  }

  redeem(token: string, sessionId: string): Promise<Answer> {
    return this.origin('POST', 'redeem', { token, sessionId })
  }

  release(admissionId: string, outcome: 'completed' | 'cancelled' = 'completed'): Promise<Answer> {
    return this.origin('POST', `${admissionId}/release`, { outcome })
  }

  /** Polls until the visitor is inside. */
  async admitted(eventId: string, visitor: Visitor, withinMs = 5_000): Promise<Answer['body']> {
    return eventually(async () => {
      const { body } = await this.place(eventId, visitor)
      return body.state === 'ADMITTED' ? body : null
    }, withinMs)
  }

  stream(eventId: string, visitor: Visitor, headers: Record<string, string> = {}): Promise<TestStream> {
    return TestStream.open(`${this.#url}/api/v1/events/${eventId}/queue/stream`, visitor, headers)
  }

  brokerStream(eventId: string, visitor: Visitor, headers: Record<string, string> = {}): Promise<TestStream> {
    return TestStream.open(`${this.#url}/api/v1/broker/events/${eventId}/tickets/waiting`, visitor, headers)
  }
}

export type StreamEvent = { readonly event: string; readonly data: any; readonly atMs: number }

/** One SSE connection: keeps every event, and waits for one that fits. */
export class TestStream {
  readonly events: StreamEvent[] = []
  readonly parser = new SseParser()
  readonly response: Response
  /** What arrived, to the letter. */
  text = ''
  isClosed = false
  readonly #abort: AbortController
  #wake: () => void = () => {}

  private constructor(response: Response, abort: AbortController) {
    this.response = response
    this.#abort = abort
    void this.#read()
  }

  static async open(url: string, visitor: Visitor, headers: Record<string, string>): Promise<TestStream> {
    const abort = new AbortController()
    const response = await fetch(url, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${visitor.token}`, ...headers },
      signal: abort.signal,
    })
    return new TestStream(response, abort)
  }

  /** The first event of this name, already here or still to come, that fits. */
  async next(
    name: string,
    fits: (data: any) => boolean = () => true,
    withinMs = 5_000,
  ): Promise<StreamEvent> {
    return eventually(
      () => this.events.find(({ event, data }) => event === name && fits(data)) ?? null,
      withinMs,
      this,
    )
  }

  async closed(withinMs = 5_000): Promise<void> {
    await eventually(() => (this.isClosed ? true : null), withinMs, this)
  }

  /** Resolves when something arrives. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  close(): void {
    this.#abort.abort()
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder()
    try {
      for await (const chunk of this.response.body ?? []) {
        const text = decoder.decode(chunk, { stream: true })
        this.text += text
        for (const message of this.parser.push(text)) this.events.push(parsed(message))
        this.#wake()
      }
    } catch {
      // Aborted by the test, or the server went away: either way nothing more comes.
    }
    this.isClosed = true
    this.#wake()
  }
}

function parsed({ event, data }: SseMessage): StreamEvent {
  return { event, data: JSON.parse(data), atMs: Date.now() }
}

/** Asks again until there is an answer; fails with what it waited for after `withinMs`. */
export async function eventually<T>(
  ask: () => T | null | Promise<T | null>,
  withinMs = 5_000,
  signal?: { changed(): Promise<void> },
): Promise<T> {
  const deadlineMs = Date.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (Date.now() > deadlineMs) throw new Error(`did not happen within ${withinMs} ms: ${String(ask)}`)
    await Promise.race([signal?.changed() ?? pause(50), pause(100)])
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
