/** A browser as a server sees it: keeps cookies by host, says that it navigates, and can be told to follow redirects. */

import { request as httpRequest } from 'node:http'

export type Send = (request: Request) => Promise<Response>

/** What a browser says of a click on the same site. */
const NAVIGATION = { Accept: 'text/html,application/xhtml+xml', 'Sec-Fetch-Mode': 'navigate' }

export class CookieBrowser {
  readonly cookies = new Map<string, string>()
  readonly #send: Send

  constructor(send: Send = overHttp) {
    this.#send = send
  }

  /** One request, without following anything. */
  async go(url: string, init: RequestInit = {}): Promise<Response> {
    const request = new Request(url, { ...init, redirect: 'manual' })
    for (const [name, value] of Object.entries(NAVIGATION)) {
      if (!new Headers(init.headers).has(name)) request.headers.set(name, value)
    }
    const { host } = new URL(url)
    const sent = [...this.cookies].filter(([key]) => key.startsWith(`${host} `))
    if (sent.length > 0)
      request.headers.set(
        'Cookie',
        sent.map(([key, value]) => `${key.slice(host.length + 1)}=${value}`).join('; '),
      )
    const response = await this.#send(request)
    for (const cookie of response.headers.getSetCookie()) this.#keep(host, cookie)
    return response
  }

  /** A form as the waiting page, or the middleware's own page, posts it. */
  post(url: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    return this.go(url, { method: 'POST', body: new URLSearchParams(fields), headers })
  }

  /** Posts a ticket from the waiting room's page, and again from the small page that may come in between. */
  async enter(url: string, token: string, fields: Record<string, string> = {}): Promise<Response> {
    const first = await this.post(url, { token, ...fields })
    return first.status === 200 ? this.post(url, { ...fields, token, carried: '1' }) : first
  }

  /** The value of a cookie whose name ends so. */
  cookie(name: string): string | undefined {
    return [...this.cookies].find(([key]) => key.endsWith(name))?.[1]
  }

  setCookie(name: string, value: string): void {
    for (const key of this.cookies.keys()) if (key.endsWith(name)) this.cookies.set(key, value)
  }

  #keep(host: string, cookie: string): void {
    const [pair = ''] = cookie.split(';')
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    if (/; Max-Age=0(;|$)/.test(cookie)) this.cookies.delete(`${host} ${name}`)
    else this.cookies.set(`${host} ${name}`, value)
  }
}

/** Not `fetch`, which says of every request that a script made it. */
async function overHttp(request: Request): Promise<Response> {
  const body = Buffer.from(await request.arrayBuffer())
  const { method, headers, url } = request
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      url,
      { method, headers: Object.fromEntries(headers), agent: false },
      (incoming) => {
        const pieces: Buffer[] = []
        incoming.on('data', (piece: Buffer) => pieces.push(piece))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const answered = new Headers()
          for (const [name, values] of Object.entries(incoming.headersDistinct))
            for (const value of values ?? []) answered.append(name, value)
          const status = incoming.statusCode ?? 0
          resolve(new Response(Buffer.concat(pieces), { status, headers: answered }))
        })
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
