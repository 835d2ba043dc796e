/** Seats that the shop sells itself: all that Usher does is to let people in. */
import type { Hono } from 'hono'
import { csrf } from 'hono/csrf'
import type { ShopEnv } from './app.ts'
import { frontPage, noticePage, seatsPage, soldPage } from './pages.ts'

/** Mounted behind the waiting room. */
export function mountOwnSeats(shop: Hono<ShopEnv>, seatCount: number): void {
  const sold = new Set<number>()

  shop.get('/', (c) => c.html(frontPage(seatCount - sold.size)))

  shop.get('/seats', (c) => {
    const expiresAtMs = c.get('usher')?.leaseExpiresAt.getTime() ?? 0
    const secondsLeft = Math.max(0, Math.round((expiresAtMs - Date.now()) / 1_000))
    return c.html(seatsPage({ seatCount, sold, secondsLeft }))
  })

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
}
