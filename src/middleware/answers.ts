/** What the middleware itself answers: redirects, problems for programs, and three small pages for people. */
import { base64url } from 'jose'
import { escapeHtml } from '../escape-html.ts'
import { cookieName, readCookie, setCookie } from './cookies.ts'
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
  /** Send somebody without an admission to the waiting room, or tell a program so. */
  toRoom(request: Request, eventId: string, cookies?: readonly string[]): Response
  /** `token`: the ticket that may be sent again. */
  notice(request: Request, code: NoticeCode, eventId: string | null, token?: string): Response
  /** Takes a ticket out of the fragment, or a first POST, and posts it from here, so that the shop's cookies come along. */
  carry(request: Request, fields: { token: string; returnPath: string | null }): Response
}

export type AnswerOptions = {
  readonly roomUrl: URL
  readonly homePath: string
  readonly renderNotice: ((notice: Notice, room: URL) => Response) | undefined
}

export function answersOf({ roomUrl, homePath, renderNotice }: AnswerOptions): Answers {
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
    toRoom(request, eventId, cookies = []) {
      const returnPath = wantedPath(request, homePath)
      const to = room(eventId, returnPath)
      if (!isNavigation(request)) return withCookies(noticeOf(request, 'admission-required', to), cookies)
      const browser = { id: readBrowser(request)?.id ?? newBrowserId(), returnPath }
      const headers = { Location: to.href, 'Cache-Control': 'no-store' }
      const answer = new Response(null, { status: 303, headers })
      return withCookies(answer, [...cookies, browserCookie(request, browser)])
    },
    notice: (request, code, eventId, token) => noticeOf(request, code, room(eventId, null), token),
    carry(request, form) {
      const link = room(null, null).href
      const headers = new Headers({ 'Cache-Control': 'no-store' })
      const browser = readBrowser(request) ?? { id: newBrowserId(), returnPath: null }
      headers.append('Set-Cookie', browserCookie(request, browser))
      const text = 'You are being let in.'
      return page({ title: 'Welcome', text, form, link, script: CARRY_SCRIPT }, 200, headers)
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

type Page = {
  readonly title: string
  readonly text: string
  readonly form: { readonly token: string; readonly returnPath: string | null } | null
  readonly link: string
  readonly script?: string
}

/** Sends the form at once, with what the fragment says; the fragment leaves the address bar and the history. */
const CARRY_SCRIPT = `
      const form = document.forms[0]
      const given = new URLSearchParams(location.hash.slice(1))
      if (given.has('usher_token')) {
        form.elements['token'].value = given.get('usher_token')
        form.elements['return'].value = given.get('return') ?? ''
        history.replaceState(null, '', location.pathname)
      }
      if (form.elements['token'].value !== '') form.submit()
    `

const STYLE = `
      :root { color-scheme: light dark; font: 1.0625rem/1.5 system-ui, sans-serif }
      body { display: grid; place-content: center; min-height: 90vh; margin: 0; padding: 1rem; text-align: center }
      button { font: inherit; padding: 0.6rem 1.4rem }
    `

/** Runs under a policy that allows this page's own script and style and nothing else. */
function page({ title, text, form, link, script }: Page, status: number, headers: Headers): Response {
  const nonce = newBrowserId()
  const fields =
    form === null
      ? ''
      : `
    <form method="post">
      <input type="hidden" name="token" value="${escapeHtml(form.token)}">
      <input type="hidden" name="return" value="${escapeHtml(form.returnPath ?? '')}">
      <input type="hidden" name="carried" value="1">
      <button>Continue</button>
    </form>`
  const scripts = script === undefined ? '' : `\n    <script nonce="${nonce}">${script}</script>`
  const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>${escapeHtml(title)}</title>
    <style nonce="${nonce}">${STYLE}</style>
  </head>
  <body>
    <h1>${escapeHtml(title)}</h1>
    <p>${escapeHtml(text)}</p>${fields}
    <p><a href="${escapeHtml(link)}">To the waiting room</a></p>${scripts}
  </body>
</html>
`
  const own = `'nonce-${nonce}'`
  const policy = `default-src 'none'; script-src ${own}; style-src ${own}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`
  headers.set('Content-Security-Policy', policy)
  headers.set('Content-Type', 'text/html; charset=utf-8')
  // Not `no-referrer`: the form's `Origin` would be `null`, which the shop's own checks would take for another site.
  headers.set('Referrer-Policy', 'same-origin')
  headers.set('X-Content-Type-Options', 'nosniff')
  return new Response(html, { status, headers })
}
