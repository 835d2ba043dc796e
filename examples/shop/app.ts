/** The shop: a front page for everybody, seats for those whom the waiting room let in, and a way to buy one. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { csrf } from 'hono/csrf'
import { secureHeaders } from 'hono/secure-headers'
import { usherHono } from 'usher/hono'
import type { UsherVariables } from 'usher/hono'
import type { UsherOptions } from 'usher/middleware'
import type { BrowserScripts } from './browser-scripts.ts'
import { mountOwnSeats } from './own-seats.ts'
import { mountSeatMap, mountTickets } from './usher-seats.ts'

/** Who sells the seats: the shop itself, or Usher's purchase service. */
export type Stock =
  | { readonly seller: 'shop'; readonly seatCount: number }
  | {
      readonly seller: 'usher'
      /** `PAYMENT_CURRENCY` of the waiting room. */
      readonly currency: string
      readonly scripts: BrowserScripts
    }

export type ShopOptions = Omit<UsherOptions, 'protect'> & {
  readonly eventId: string
  readonly stock: Stock
  /** The style sheet. */
  readonly css: string
}

export type ShopEnv = { Variables: UsherVariables }

const BODY_BYTES_MAX = 16 * 1024

export function createShop({ eventId, stock, css, ...usher }: ShopOptions): Hono<ShopEnv> {
  const roomOrigin = new URL(usher.roomUrl ?? usher.usherUrl).origin
  const shop = new Hono<ShopEnv>()
  shop.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        // Of the small page at the entrance, and of the seats.
        scriptSrc: ["'self'"],
        connectSrc: ["'self'", roomOrigin],
        styleSrc: ["'self'"],
        imgSrc: ['data:'],
        // The second: a browser checks it against where a form's answer leads as well.
        formAction: ["'self'", roomOrigin],
        frameAncestors: ["'none'"],
      },
      // Not `no-referrer`, hono's default: browsers then send `Origin: null`, and csrf() below refuses the form.
      referrerPolicy: 'same-origin',
    }),
  )
  shop.use(bodyLimit({ maxSize: BODY_BYTES_MAX }))

  shop.get('/shop.css', (c) => c.body(css, 200, { 'Content-Type': 'text/css' }))

  const sale = { eventId, usherUrl: roomOrigin, currency: stock.seller === 'usher' ? stock.currency : '' }
  if (stock.seller === 'usher') mountTickets(shop, sale, stock.scripts)

  // All that the waiting room takes: the seats and what is below them.
  shop.use(usherHono({ ...usher, protect: [{ path: '/seats/*', eventId }] }))

  if (stock.seller === 'usher') mountSeatMap(shop, sale)
  else mountOwnSeats(shop, stock.seatCount)

  shop.post('/seats/leave', csrf(), async (c) => {
    await c.get('usher')?.cancel()
    return c.redirect('/', 303)
  })
  return shop
}
