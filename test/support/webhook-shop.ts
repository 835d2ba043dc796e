/** A shop that is told: it checks every signature, keeps what it hears, and answers as the test has it. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verifyWebhook, type Webhook } from '../../src/webhooks/webhooks.ts'
import { eventually } from './usher.ts'

export const WEBHOOK_SECRETS = ['the old secret of the shop', 'the new secret of the shop'] as const

export type Heard = Webhook & { readonly body: string; readonly atMs: number }

/** A status to answer with, or silence. */
export type ShopAnswer = number | 'silence'

export class WebhookShop {
  readonly heard: Heard[] = []
  /** Of deliveries that could not be verified. */
  readonly refused: string[] = []
  /** Asked for each delivery; 200 unless the test says otherwise. */
  answer: (webhook: Heard) => ShopAnswer = () => 200
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(): Promise<WebhookShop> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8')
        const answer = shop.#take(body, request.headers['usher-signature'])
        if (answer !== 'silence') response.writeHead(answer).end()
      })
    })
    const shop = new WebhookShop(server)
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    return shop
  }

  /** The variables of a Usher that tells this shop. */
  get bindings(): Record<string, string> {
    const { port } = this.#server.address() as AddressInfo
    return {
      SHOP_WEBHOOK_URL: `http://127.0.0.1:${port}/usher`,
      SHOP_WEBHOOK_SECRETS: WEBHOOK_SECRETS.join(','),
    }
  }

  of(type: string, eventId: string): Heard[] {
    return this.heard.filter((webhook) => webhook.type === type && webhook.data.eventId === eventId)
  }

  /** So many deliveries of this type, here already or still to come. */
  async hears(type: string, eventId: string, count = 1, withinMs = 10_000): Promise<Heard[]> {
    return eventually(() => {
      const found = this.of(type, eventId)
      return found.length >= count ? found : null
    }, withinMs)
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()))
  }

  #take(body: string, signature: string | string[] | undefined): ShopAnswer {
    try {
      // The shop knows one of the two: the other is the one that it is changing to.
      const webhook = verifyWebhook(body, String(signature), [WEBHOOK_SECRETS[0]])
      const heard = { ...webhook, body, atMs: Date.now() }
      this.heard.push(heard)
      return this.answer(heard)
    } catch (error) {
      this.refused.push(String(error))
      return 400
    }
  }
}
