/**
 * `usher/middleware`: puts Usher before a shop, in any server that answers a `Request` with a `Response`.
 *
 * Who has no admission is sent to the waiting room. Who comes back with a ticket is let in once: checked offline,
 * redeemed at Usher, and from then on known by a signed cookie. The admission is renewed while it is used and given
 * back when the visit is completed. No request of a visitor inside waits for Usher, except one whose lease is over.
 *
 * When Usher is away, visits go on until their lease ends, and nobody new is let in.
 */
import { createVerifier } from '../verify/verify.ts'
import type { KeySource, Verify } from '../verify/verify.ts'
import { admissionsOf } from './admissions.ts'
import type { Fetch, Outcome, Trouble } from './admissions.ts'
import { answersOf, withCookies } from './answers.ts'
import type { Notice } from './answers.ts'
import { cookieName, readCookie, setCookie } from './cookies.ts'
import { enter } from './entrance.ts'
import { Leases } from './leases.ts'
import { pageFile } from './pages.ts'
import { eventFinder, eventsOf } from './protect.ts'
import type { Protect } from './protect.ts'
import { createSessionSeal } from './session.ts'
import type { Session } from './session.ts'
import { OpenVisit, sessionCookieName } from './visit.ts'
import type { Visit } from './visit.ts'

export type { Fetch, Outcome, Trouble } from './admissions.ts'
export type { Notice, NoticeCode } from './answers.ts'
export type { Protect, Rule } from './protect.ts'
export type { Visit } from './visit.ts'

export type UsherOptions = {
  /** What needs an admission of which event: an event's id for everything, rules by path, or code. */
  readonly protect: Protect
  /** The waiting room's address, as this server reaches it. */
  readonly usherUrl: string | URL
  /** The same as browsers reach it, when that is another. */
  readonly roomUrl?: string | URL
  /** `ORIGIN_API_KEY` of the waiting room. */
  readonly originKey: string
  /** Seal the session cookie: the first seals, all open. At least 32 characters each, known to this shop alone. */
  readonly secrets: readonly string[]
  /** Where the waiting room sends the admitted: the path of its `SHOP_URL`. Default `/usher/enter`. */
  readonly enterPath?: string
  /** Where to go when nobody said. Default `/`. */
  readonly homePath?: string
  /** Default: the keys that the waiting room publishes. A secret with `ENTRY_TOKEN_ALG=HS512`. */
  readonly keys?: KeySource
  /** `ENTRY_TOKEN_ISSUER` and `ENTRY_TOKEN_AUDIENCE`, when they are not the default. */
  readonly issuer?: string
  readonly audience?: string
  /** How far the clocks of Usher and this server may differ, for the expiry of tickets. Default 0. */
  readonly clockToleranceSeconds?: number
  /** A service binding's `fetch`, when Usher is another Worker of the same account. */
  readonly fetch?: Fetch
  /** How long a call to Usher may take. Default 5000. */
  readonly timeoutMs?: number
  /** The shop's own pages for those who are not let in. */
  readonly renderNotice?: (notice: Notice, room: URL) => Response
  /** Told when Usher does not answer or refuses the key. Default: a line in the log. */
  readonly onTrouble?: (trouble: Trouble) => void
  /** Milliseconds since 1970. Default: the clock. */
  readonly nowMs?: () => number
}

/** `answer`: send this and nothing else. `pass`: go on, and send `cookies()` with the response. */
export type Passage =
  | { readonly kind: 'answer'; readonly response: Response }
  | {
      readonly kind: 'pass'
      /** Null where no admission is needed. */
      readonly visit: Visit | null
      /** The `Set-Cookie` values as of now; ask when the response is made. */
      readonly cookies: () => readonly string[]
    }

export type CheckOptions = {
  /** Keeps the runtime alive for a renewal that the response does not wait for: `ctx.waitUntil` on Workers. */
  readonly waitUntil?: (work: Promise<unknown>) => void
}

type Handler = (request: Request, visit: Visit | null) => Response | Promise<Response>

export interface Usher {
  /** Judges one request. Reads its body only at `enterPath`. */
  check(request: Request, options?: CheckOptions): Promise<Passage>
  /** A `fetch` handler behind the waiting room. */
  guard(handler: Handler): (request: Request, options?: CheckOptions) => Promise<Response>
  /** Gives back the admission of the session that a request carries; null when it carries none. */
  release(request: Request, eventId: string, outcome: Outcome): Promise<boolean | null>
}

const TIMEOUT_MS = 5_000
/** As long as an event's longest session can be. What is inside expires by itself. */
const COOKIE_MAX_AGE_SECONDS = 43_200

const OPEN: Passage = { kind: 'pass', visit: null, cookies: () => [] }

/** @throws {TypeError} at once for options that cannot work or cannot be safe. */
export function usher(options: UsherOptions): Usher {
  return new UsherOfShop(options)
}

class UsherOfShop implements Usher {
  readonly #eventOf: (url: URL) => string | null
  readonly #enterPath: string
  readonly #seal
  readonly #answers
  readonly #leases: Leases
  readonly #enter: (request: Request) => Promise<Response>

  constructor(options: UsherOptions) {
    const { enterPath = '/usher/enter', homePath = '/', nowMs = Date.now, onTrouble = logTrouble } = options
    const usherUrl = new URL(options.usherUrl)
    if (options.originKey === '') throw new TypeError('originKey: is empty')
    for (const path of [enterPath, homePath]) {
      if (!path.startsWith('/')) throw new TypeError(`a path begins with /, not ${path}`)
    }
    const fetchUsher: Fetch = options.fetch ?? ((request) => fetch(request))
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
    const admissions = admissionsOf({
      usherUrl,
      originKey: options.originKey,
      fetch: fetchUsher,
      timeoutMs,
      onTrouble,
    })
    this.#eventOf = eventFinder(options.protect)
    this.#enterPath = enterPath
    this.#seal = createSessionSeal(options.secrets)
    const events = eventsOf(options.protect)
    const [firstEvent = null] = events ?? []
    this.#answers = answersOf({
      enterPath,
      onlyEvent: events?.size === 1 ? firstEvent : null,
      roomUrl: new URL(options.roomUrl ?? usherUrl),
      homePath,
      renderNotice: options.renderNotice,
    })
    this.#leases = new Leases(admissions, nowMs)
    const verify = verifierOf(options, usherUrl, fetchUsher)
    this.#enter = (request) =>
      enter(request, {
        verify,
        admissions,
        answers: this.#answers,
        leases: this.#leases,
        enterPath,
        homePath,
        events,
        nowMs,
        onTrouble,
        readSession: (from, eventId) => this.#readSession(from, eventId),
        sessionCookie: (from, session) => this.#sessionCookie(new URL(from.url), session),
      })
  }

  async check(request: Request, { waitUntil }: CheckOptions = {}): Promise<Passage> {
    const url = new URL(request.url)
    if (url.pathname === this.#enterPath) return { kind: 'answer', response: await this.#enter(request) }
    const file = pageFile(url.pathname, this.#enterPath)
    if (file !== null) return { kind: 'answer', response: file }
    const eventId = this.#eventOf(url)
    if (eventId === null) return OPEN
    const session = await this.#readSession(request, eventId)
    if (session === null) return { kind: 'answer', response: this.#answers.toRoom(request, eventId) }

    const visit = new OpenVisit(url, session, this.#leases, (to, current) => this.#sessionCookie(to, current))
    const state = await this.#leases.check(session, (renewal) => {
      const noted = renewal.then((renewed) => visit.note(renewed))
      if (waitUntil !== undefined) waitUntil(noted)
    })
    await visit.note(state)
    switch (state.state) {
      case 'alive':
        return { kind: 'pass', visit, cookies: () => visit.cookies }
      case 'ended':
        return {
          kind: 'answer',
          response: this.#answers.toRoom(request, eventId, { cookies: visit.cookies }),
        }
      case 'unavailable':
        return { kind: 'answer', response: this.#answers.notice(request, 'usher-unavailable', eventId) }
    }
  }

  guard(handler: Handler): (request: Request, options?: CheckOptions) => Promise<Response> {
    return async (request, options) => {
      const passage = await this.check(request, options)
      if (passage.kind === 'answer') return passage.response
      return withCookies(await handler(request, passage.visit), passage.cookies())
    }
  }

  async release(request: Request, eventId: string, outcome: Outcome): Promise<boolean | null> {
    const session = await this.#readSession(request, eventId)
    return session === null ? null : this.#leases.release(session, outcome)
  }

  #readSession(request: Request, eventId: string): Promise<Session | null> {
    const name = cookieName(sessionCookieName(eventId), new URL(request.url))
    return this.#seal.open(readCookie(request.headers, name), eventId)
  }

  async #sessionCookie(url: URL, session: Session): Promise<string> {
    const sealed = await this.#seal.seal(session)
    return setCookie(sessionCookieName(session.eventId), sealed, COOKIE_MAX_AGE_SECONDS, url)
  }
}

function verifierOf(options: UsherOptions, usherUrl: URL, fetchUsher: Fetch): Verify {
  const { issuer, audience, clockToleranceSeconds } = options
  return createVerifier({
    ...(options.keys ?? { jwksUrl: new URL('/.well-known/jwks.json', usherUrl), fetch: fetchUsher }),
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
    ...(clockToleranceSeconds !== undefined && { clockToleranceSeconds }),
  })
}

/** A shop that nobody can enter should say why. */
function logTrouble({ call, detail }: Trouble): void {
  // oxlint-disable-next-line no-console -- the log of whoever runs the shop; `onTrouble` replaces it.
  console.error(`usher: ${call}: ${detail}`)
}
