/** What the middleware itself answers: redirects, problems for programs, and small pages for people. */
import { base64url } from 'jose'
import { cookieName, readCookie, setCookie } from './cookies.ts'
import { pageOf } from './pages.ts'
import { safeReturnPath } from './return-path.ts'

/** What a page says. */
export type Notice = {
  readonly status: number
  readonly code: NoticeCode
  readonly title: string
  readonly text: string
}

export type NoticeCode = keyof typeof NOTICES

const NOTICES = {
  'admission-required': [
    401,
    'Please queue first',
    'This part of the shop is entered through the waiting room.',
  ],
  'token-invalid': [
    401,
    'This ticket is not valid here',
    'The waiting room gives you a new one when it is your turn.',
  ],
  'token-already-redeemed': [
    409,
    'This ticket has been used',
    'Somebody has already entered with it, perhaps you in another browser.',
  ],
  'admission-ended': [410, 'Your time in the shop is over', 'You may join the line again.'],
  'invalid-request': [
    400,
    'This did not work',
    'The ticket did not arrive. Please go back to the waiting room.',
  ],
  'cookies-required': [
    400,
    'Cookies are needed',
    'The shop recognises you by a cookie, which your browser did not keep. Please allow cookies for this site.',
  ],
  'usher-unavailable': [
    503,
    'One moment, please',
    'The waiting room does not answer. Nothing is lost; please try again.',
  ],
} as const

/** How long a program waits before it asks again, when Usher did not answer. */
const RETRY_AFTER_SECONDS = 5

const PROBLEM_TYPE_BASE = 'https://usher.dev/problems/'
const BROWSER_COOKIE = 'usher_browser'
const BROWSER_MAX_AGE_SECONDS = 86_400

/** Who a browser is to this shop before it has a session, and where it wanted to go. */
export type Browser = { readonly id: string; readonly returnPath: string | null }

export type Answers = {
  /** Send somebody without an admission to the waiting room, or tell a program so. `returnPath`: where they want to go. */
  toRoom(
    request: Request,
    eventId: string,
    more?: { cookies?: readonly string[]; returnPath?: string },
  ): Response
  /** `token`: the ticket that may be sent again. */
  notice(request: Request, code: NoticeCode, eventId: string | null, token?: string): Response
  /** Takes a ticket out of the fragment, or a first POST, and posts it from here, so that the shop's cookies come along. */
  carry(request: Request, fields: { token: string; returnPath: string | null }): Response
}

export type AnswerOptions = {
  readonly enterPath: string
  readonly roomUrl: URL
  readonly homePath: string
  /** Where a page leads that is about no event: to the only one that there is, or null. */
  readonly onlyEvent: string | null
  readonly renderNotice: ((notice: Notice, room: URL) => Response) | undefined
}

export function answersOf(options: AnswerOptions): Answers {
  const { enterPath, roomUrl, homePath, onlyEvent, renderNotice } = options
  const page = pageOf(enterPath)
  const room = (eventId: string | null, returnPath: string | null): URL => {
    const url = new URL(eventId === null ? '/' : `/wait/${eventId}`, roomUrl)
    if (returnPath !== null) url.searchParams.set('return', returnPath)
    return url
  }
  const noticeOf = (request: Request, code: NoticeCode, to: URL, token?: string): Response => {
    const [status, title, text] = NOTICES[code]
    const headers = new Headers({ 'Cache-Control': 'no-store' })
    if (status === 401) headers.set('WWW-Authenticate', `Usher room="${to.href}"`)
    if (status === 503) headers.set('Retry-After', String(RETRY_AFTER_SECONDS))
    if (!isNavigation(request)) {
      headers.set('Content-Type', 'application/problem+json')
      const problem = { type: PROBLEM_TYPE_BASE + code, title, status, detail: text, code, room: to.href }
      return new Response(JSON.stringify(problem), { status, headers })
    }
    const own = renderNotice?.({ status, code, title, text }, to)
    if (own !== undefined) return withHeaders(own, headers)
    const form = token === undefined ? null : { token, returnPath: null }
    return page({ title, text, form, link: to.href }, status, headers)
  }
  return {
    toRoom(request, eventId, { cookies = [], returnPath = wantedPath(request, homePath) } = {}) {
      const to = room(eventId, returnPath)
      if (!isNavigation(request)) return withCookies(noticeOf(request, 'admission-required', to), cookies)
      const browser = { id: readBrowser(request)?.id ?? newBrowserId(), returnPath }
      const headers = { Location: to.href, 'Cache-Control': 'no-store' }
      const answer = new Response(null, { status: 303, headers })
      return withCookies(answer, [...cookies, browserCookie(request, browser)])
    },
    notice: (request, code, eventId, token) =>
      noticeOf(request, code, room(eventId ?? onlyEvent, null), token),
    carry(request, form) {
      const link = room(onlyEvent, null).href
      const headers = new Headers({ 'Cache-Control': 'no-store' })
      const browser = readBrowser(request) ?? { id: newBrowserId(), returnPath: null }
      headers.append('Set-Cookie', browserCookie(request, browser))
      const text = 'You are being let in.'
      return page({ title: 'Welcome', text, form, link, isCarried: true }, 200, headers)
    },
  }
}

/** Whether a person is going somewhere, rather than a script fetching something. */
export function isNavigation({ headers }: Request): boolean {
  const mode = headers.get('Sec-Fetch-Mode')
  return mode === null ? (headers.get('Accept') ?? '').includes('text/html') : mode === 'navigate'
}

export function readBrowser(request: Request): Browser | null {
  const url = new URL(request.url)
  const [id = '', path = ''] = (readCookie(request.headers, cookieName(BROWSER_COOKIE, url)) ?? '').split('.')
  if (!/^[\w-]{22,64}$/.test(id)) return null
  return { id, returnPath: safeReturnPath(textOf(path), url.host) }
}

function textOf(base64: string): string | null {
  try {
    return new TextDecoder().decode(base64url.decode(base64))
  } catch {
    // Not what we wrote.
    return null
  }
}

export function newBrowserId(): string {
  return crypto.randomUUID().replaceAll('-', '')
}

/** The same response with cookies, also when its headers could not be changed. */
export function withCookies(response: Response, cookies: readonly string[]): Response {
  if (cookies.length === 0) return response
  return withHeaders(response, new Headers(cookies.map((cookie) => ['Set-Cookie', cookie])))
}

function withHeaders(response: Response, headers: Headers): Response {
  const changed = new Response(response.body, response)
  for (const [name, value] of headers) changed.headers.append(name, value)
  return changed
}

function browserCookie(request: Request, { id, returnPath }: Browser): string {
  const path = base64url.encode(returnPath ?? '')
  return setCookie(BROWSER_COOKIE, `${id}.${path}`, BROWSER_MAX_AGE_SECONDS, new URL(request.url))
}

/** What was asked for, if asking again gives it; after a form, the page that the form was on. */
function wantedPath(request: Request, homePath: string): string {
  const { host, pathname, search } = new URL(request.url)
  if (isNavigation(request) && (request.method === 'GET' || request.method === 'HEAD'))
    return safeReturnPath(pathname + search, host) ?? homePath
  return safeReturnPath(request.headers.get('Referer'), host) ?? homePath
}
