/** Starts the example shop: settings from the environment, Hono's fetch handler behind `node:http`. See README.md. */
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { createVerifier } from 'usher/verify'
import { admissionsOf } from './admissions.ts'
import { createShop } from './app.ts'

const port = Number(process.env['PORT'] ?? 8788)
const shopUrl = new URL(process.env['SHOP_URL'] ?? `http://127.0.0.1:${port}`)
const usherUrl = new URL(process.env['USHER_URL'] ?? 'http://127.0.0.1:8787')
const eventId = process.env['EVENT_ID'] ?? 'demo'

const shop = createShop({
  verify: createVerifier({ jwksUrl: new URL('/.well-known/jwks.json', usherUrl), eventId }),
  admissions: admissionsOf(usherUrl, process.env['ORIGIN_API_KEY'] ?? 'dev-origin-key'),
  waitingPage: new URL(`/wait/${eventId}`, usherUrl),
  isHttps: shopUrl.protocol === 'https:',
  seatCount: 50,
})

const server = createServer((incoming, outgoing) => {
  void (async () => {
    const response = await shop.fetch(await webRequest(incoming))
    outgoing.writeHead(response.status, [...response.headers].flat())
    outgoing.end(Buffer.from(await response.arrayBuffer()))
  })().catch(() => outgoing.destroy()) // Not HTTP as we know it, or larger than a form.
})
server.listen(port, '127.0.0.1', () => console.log(`shop of the event ${eventId}: ${shopUrl.href}`))

const BODY_BYTES_MAX = 16 * 1024

async function webRequest(incoming: IncomingMessage): Promise<Request> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > BODY_BYTES_MAX) throw new Error('body too large')
    pieces.push(piece)
  }
  const headers = new Headers()
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  const { method = 'GET', url = '/' } = incoming
  const body = size === 0 ? {} : { body: Buffer.concat(pieces) }
  return new Request(new URL(url, shopUrl), { method, headers, ...body })
}
