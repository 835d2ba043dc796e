/** A shop's entrance: takes the token from the form or the fragment, redeems it at Usher, and says who came in. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Api } from '../../support/usher.ts'

export type TestShop = {
  readonly origin: string
  /** What the shop's log would have: every address that was asked for. */
  readonly log: string[]
  /** Usher has to know the shop's address before it starts. */
  opensFor(api: Api): void
  close(): void
}

/** Posts what the fragment holds, as a shop's page does that takes it from there. */
const FRAGMENT_PAGE = `<!doctype html><title>Shop</title><form method="post" action="/enter"><input name="token"><input name="return"></form>
<script>
  const given = new URLSearchParams(location.hash.slice(1))
  const [form] = document.forms
  form.token.value = given.get('usher_token')
  form.return.value = given.get('return') ?? ''
  form.submit()
</script>`

export async function openShop(): Promise<TestShop> {
  let usher: Api | null = null
  const log: string[] = []
  const enter = async (request: IncomingMessage): Promise<string> => {
    const form = new URLSearchParams(await textOf(request))
    const redeemed = await usher?.redeem(form.get('token') ?? '', 'session-of-the-shop')
    return redeemed?.status === 200
      ? `Welcome, ${redeemed.body.userId}, to ${form.get('return') ?? 'the shop'}`
      : `Refused: ${redeemed?.body.code}`
  }
  const server = createServer((request, response) => {
    log.push(`${request.method} ${request.url}`)
    response.setHeader('Content-Type', 'text/html; charset=utf-8')
    if (request.method !== 'POST') {
      response.end(FRAGMENT_PAGE)
      return
    }
    enter(request).then(
      (text) => response.end(`<!doctype html><title>Shop</title><h1>${text}</h1>`),
      () => response.destroy(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    opensFor: (api) => {
      usher = api
    },
    close: () => server.close(),
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
