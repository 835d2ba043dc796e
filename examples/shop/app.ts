/** The shop: a front page for everybody, seats for those whom the waiting room let in, and a way to buy one. */
import { Hono } from 'hono'
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { csrf } from 'hono/csrf'
import { secureHeaders } from 'hono/secure-headers'
import { usherHono } from 'usher/hono'
import type { UsherVariables } from 'usher/hono'
import type { UsherOptions } from 'usher/middleware'
import { frontPage, noticePage, seatsPage, soldPage } from './pages.ts'

export type ShopOptions = Omit<UsherOptions, 'protect'> & {
  readonly eventId: string
  readonly seatCount: number
  /** The style sheet. */
  readonly css: string
}

type Env = { Variables: UsherVariables }

const BODY_BYTES_MAX = 16 * 1024

export function createShop({ eventId, seatCount, css, ...usher }: ShopOptions): Hono<Env> {
  const sold = new Set<number>()
  const shop = new Hono<Env>()
  shop.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        // Of the small page at the entrance.
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ['data:'],
        // The second: a browser checks it against where a form's answer leads as well.
        formAction: ["'self'", new URL(usher.roomUrl ?? usher.usherUrl).origin],
        frameAncestors: ["'none'"],
      },
      // Not `no-referrer`, hono's default: browsers then send `Origin: null`, and csrf() below refuses the form.
      referrerPolicy: 'same-origin',
    }),
  )
  shop.use(bodyLimit({ maxSize: BODY_BYTES_MAX }))

  shop.get('/', (c) => c.html(frontPage(seatCount - sold.size)))
  shop.get('/shop.css', (c) => c.body(css, 200, { 'Content-Type': 'text/css' }))

  // All that the waiting room takes: the seats and what is below them.
  shop.use(usherHono({ ...usher, protect: [{ path: '/seats/*', eventId }] }))

  shop.get('/seats', (c) => c.html(seatsPage({ seatCount, sold, secondsLeft: secondsLeftOf(c) })))

  shop.post('/seats/buy', csrf(), async (c) => {
    const { seat } = await c.req.parseBody()
    const number = Number(seat)
    if (!Number.isInteger(number) || number < 1 || number > seatCount)
      return c.html(noticePage('no-seat'), 400)
    const visit = c.get('usher')
    // The one moment for which the cookie's word is not enough.
    if ((await visit?.confirm()) !== 'alive') return c.html(noticePage('too-late'), 410)
    if (sold.has(number)) return c.html(noticePage('taken'), 409)
    sold.add(number)
    await visit?.complete()
    return c.html(soldPage(number))
  })

  shop.post('/seats/leave', csrf(), async (c) => {
    await c.get('usher')?.cancel()
    return c.redirect('/', 303)
  })
  return shop
}

function secondsLeftOf(c: Context<Env>): number {
  const expiresAtMs = c.get('usher')?.leaseExpiresAt.getTime() ?? 0
  return Math.max(0, Math.round((expiresAtMs - Date.now()) / 1_000))
}
