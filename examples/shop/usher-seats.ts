/**
 * Seats that Usher sells (docs/purchase.md): the pages' scripts hold and pay at Usher as the visitor, and the shop keeps
 * nothing but the visit.
 */
import type { Hono } from 'hono'
import type { ShopEnv } from './app.ts'
import type { BrowserScripts } from './browser-scripts.ts'
import { frontPage, noticePage, seatMapPage, ticketPage } from './pages.ts'
import type { Sale } from './pages.ts'

/** For everybody, since paying ends the admission: mounted before the waiting room. */
export function mountTickets(shop: Hono<ShopEnv>, sale: Sale, scripts: BrowserScripts): void {
  for (const [name, script] of Object.entries(scripts)) {
    shop.get(`/${name}`, (c) => c.body(script, 200, { 'Content-Type': 'text/javascript; charset=utf-8' }))
  }
  shop.get('/', (c) => c.html(frontPage(null)))
  shop.get('/ticket', (c) => c.html(ticketPage(sale)))
}

/** Mounted behind the waiting room. */
export function mountSeatMap(shop: Hono<ShopEnv>, sale: Sale): void {
  shop.get('/seats', async (c) => {
    // Who has paid, or left elsewhere, is not inside any more, whatever the cookie says.
    const standing = await c.get('usher')?.confirm()
    if (standing === 'ended') return c.redirect('/seats', 303)
    return standing === 'alive' ? c.html(seatMapPage(sale)) : c.html(noticePage('too-late'), 503)
  })

  // Asked by the page now and then, which renews the visit.
  shop.get('/seats/here', (c) => c.body(null, 204))
}
