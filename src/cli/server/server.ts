/** Calls of the HTTP contract, each bounded in time, with failures in words for people. */
import { CliFailure, EXIT, interrupted, messageOf } from '../exit.ts'
import { jsonOrNull } from '../json.ts'
import { harmless } from '../text/width.ts'
import { problemSchema } from './wire.ts'

export type ServerOptions = {
  readonly url: URL
  /** The bearer, or null to come as anybody. */
  readonly key: string | null
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export type Answer = {
  readonly status: number
  readonly headers: Headers
  /** Parsed JSON, or null when the body is none. */
  readonly body: unknown
  readonly text: string
}

export class Server {
  readonly url: URL
  readonly #options: ServerOptions

  constructor(options: ServerOptions) {
    this.#options = options
    this.url = options.url
  }

  /** The answer, whatever its status. @throws CliFailure when there is none in time. */
  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const { key, timeoutMs, signal } = this.#options
    const headers = {
      accept: 'application/json',
      ...(key !== null && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    try {
      const response = await fetch(new URL(path, this.url), {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        // A key is for the address that was named, not for wherever it points.
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, body: jsonOrNull(text), text }
    } catch (error) {
      if (signal.aborted) throw interrupted({ cause: error })
      throw unreachable(this.url, timeoutMs, error)
    }
  }

  /** The body of a 2xx answer. @throws CliFailure with what the server says of any other. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.ask(method, path, body)
    if (answer.status >= 200 && answer.status < 300) return answer.body
    throw refusal(this.url, answer)
  }
}

function unreachable(url: URL, timeoutMs: number, error: unknown): CliFailure {
  const isLate = error instanceof Error && error.name === 'TimeoutError'
  const reason = isLate ? `no answer within ${timeoutMs / 1_000} s` : reasonOf(error)
  return new CliFailure(EXIT.unreachable, 'unreachable', `${url.origin} does not answer: ${reason}`, {
    cause: error,
    advice: 'Is it running (npm start), and is --url or USHER_URL right?',
  })
}

/** fetch says only "fetch failed"; what failed is in the cause, for several addresses in the first of its errors. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const first = cause instanceof AggregateError ? (cause.errors as readonly unknown[])[0] : cause
  return harmless(messageOf(first ?? error))
}

/** What an answer that is no success means for the one who typed the command. */
export function refusal(url: URL, { status, headers, body }: Answer): CliFailure {
  if (status >= 300 && status < 400) {
    const location = harmless(headers.get('location') ?? 'elsewhere')
    return new CliFailure(
      EXIT.failed,
      'redirected',
      `${url.origin} redirects to ${location}; give that as --url`,
    )
  }
  const problem = problemSchema.safeParse(body)
  if (!problem.success) {
    const code = status >= 500 ? 'server-error' : 'not-usher'
    return new CliFailure(
      EXIT.failed,
      code,
      `${url.origin} answered ${status}, and not as an Usher does; is --url right?`,
    )
  }
  const { code, detail, errors = [], eventStatus } = problem.data
  const faults = errors.map((fault) => `${fault.pointer.replace(/^\//, '')}: ${fault.detail}`)
  const state = eventStatus === undefined ? [] : [`The event is ${eventStatus}.`]
  const message = [detail, ...state, faults.join('; ')]
    .map(harmless)
    .filter((part) => part !== '')
    .join(' ')
  const exitCode = code === 'unauthenticated' || code === 'forbidden' ? EXIT.notAllowed : EXIT.failed
  return new CliFailure(exitCode, code, message, { advice: ADVICE[code] ?? null })
}

/** What this program can add to the server's own words. */
const ADVICE: Readonly<Record<string, string>> = {
  unauthenticated: 'Is ADMIN_API_KEY, or the file of --key-file, the key of this server?',
  forbidden: "This needs the operator's key (ADMIN_API_KEY or --key-file).",
  'event-not-found': 'See which there are: usher events list',
  'event-not-closed': 'Close it first, or use: usher events delete --close',
  misconfigured: 'See what is wrong: usher doctor',
}
