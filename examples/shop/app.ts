/** The shop: lets in who was admitted, keeps the admission alive while it is used, and gives it back when done. */
import { randomBytes } from 'node:crypto'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { csrf } from 'hono/csrf'
import { html } from 'hono/html'
import { secureHeaders } from 'hono/secure-headers'
import type { EntryTicket, Verify } from 'usher/verify'
import type { Admissions } from './admissions.ts'

export type ShopOptions = {
  readonly verify: Verify
  readonly admissions: Admissions
  readonly waitingPage: URL
  /** False only for plain http on this machine: the session cookie is then not `Secure`. */
  readonly isHttps: boolean
  readonly seatCount: number
}

type Visit = { readonly admissionId: string; readonly expiresAtMs: number }

const BODY_BYTES_MAX = 8 * 1024

const REFUSALS = {
  stranger: [401, 'Please queue first.'],
  invalid: [401, 'This ticket is not valid here.'],
  taken: [409, 'Somebody has already entered with this ticket.'],
  ended: [410, 'Your time in the shop is over.'],
  unavailable: [503, 'Please try again in a moment.'],
} as const

export function createShop(options: ShopOptions): Hono {
  const cookieName = options.isHttps ? '__Host-shop_session' : 'shop_session'
  const cookieFlags = { path: '/', httpOnly: true, secure: options.isHttps, sameSite: 'Lax' } as const
  // A real shop keeps these in its session store.
  const visits = new Map<string, Visit>()
  let seatsLeft = options.seatCount

  const visitOf = (c: Context): { sessionId: string; visit: Visit } | null => {
    const sessionId = getCookie(c, cookieName) ?? ''
    const visit = visits.get(sessionId)
    return visit === undefined || visit.expiresAtMs <= Date.now() ? null : { sessionId, visit }
  }
  const refuse = (c: Context, reason: keyof typeof REFUSALS) => {
    const [status, text] = REFUSALS[reason]
    const way = html`<p><a href="${options.waitingPage.href}">To the waiting room</a></p>`
    return c.html(
      page(
        'Not yet',
        html`<p>${text}</p>
          ${way}`,
      ),
      status,
    )
  }

  const shop = new Hono()
  shop.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'none'"], formAction: ["'self'"], frameAncestors: ["'none'"] },
      // Not `no-referrer`, hono's default: browsers then send `Origin: null`, and csrf() below refuses the form.
      referrerPolicy: 'same-origin',
    }),
  )
  shop.use(bodyLimit({ maxSize: BODY_BYTES_MAX }))

  shop.get('/', (c) => (visitOf(c) === null ? refuse(c, 'stranger') : c.redirect('/shop', 303)))

  // The waiting page posts here from another origin, so the token, not the origin, is what is checked.
  shop.post('/enter', async (c) => {
    const { token } = await c.req.parseBody()
    if (typeof token !== 'string') return refuse(c, 'invalid')
    const ticket = await options.verify(token).catch((error: { code?: unknown }) => error.code)
    if (ticket === 'ERR_KEYS_UNAVAILABLE') return refuse(c, 'unavailable')
    if (!isTicket(ticket)) return refuse(c, 'invalid')

    // The signature alone does not say that the admission is still alive, or that nobody entered with it before.
    const sessionId = visitOf(c)?.sessionId ?? randomBytes(24).toString('base64url')
    const admission = await options.admissions.redeem(token, sessionId)
    if (admission.state !== 'alive') return refuse(c, admission.state)

    for (const [id, { expiresAtMs }] of visits) if (expiresAtMs <= Date.now()) visits.delete(id)
    visits.set(sessionId, { admissionId: ticket.admissionId, expiresAtMs: admission.expiresAtMs })
    setCookie(c, cookieName, sessionId, cookieFlags)
    return c.redirect('/shop', 303)
  })

  shop.get('/shop', async (c) => {
    const found = visitOf(c)
    if (found === null) return refuse(c, 'stranger')
    const { sessionId, visit } = found
    const renewed = await options.admissions.renew(visit.admissionId)
    if (renewed.state === 'ended') {
      visits.delete(sessionId)
      return refuse(c, 'ended')
    }
    // Usher away costs nobody the seat that is still theirs: the lease goes on until it runs out.
    const expiresAtMs = renewed.state === 'alive' ? renewed.expiresAtMs : visit.expiresAtMs
    visits.set(sessionId, { ...visit, expiresAtMs })
    const secondsLeft = Math.max(0, Math.round((expiresAtMs - Date.now()) / 1_000))
    const text = html`<p>
      ${seatsLeft} seats left. Yours to choose for ${secondsLeft} seconds; loading this page again renews
      them.
    </p>`
    return c.html(
      page(
        'Seats',
        html`${text}
          <form method="post" action="/complete"><button>Buy one</button></form>`,
      ),
    )
  })

  shop.post('/complete', csrf(), async (c) => {
    const found = visitOf(c)
    if (found === null) return refuse(c, 'stranger')
    visits.delete(found.sessionId)
    seatsLeft = Math.max(0, seatsLeft - 1)
    // Should this call fail, the seat in the line still comes back when the lease runs out.
    await options.admissions.complete(found.visit.admissionId)
    deleteCookie(c, cookieName, cookieFlags)
    return c.html(page('Thank you', html`<p>The seat is yours, and the next in line is let in.</p>`))
  })
  return shop
}

function isTicket(answer: unknown): answer is EntryTicket {
  return typeof answer === 'object' && answer !== null
}

function page(title: string, body: unknown) {
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>${title}</title>
      <h1>${title}</h1>
      ${body}
    </html>`
}
