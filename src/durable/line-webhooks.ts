/** What a line tells the shop of: written down with each decision, sent on each tick, kept until it was heard. */
import type { LineState } from '../core/line-state.ts'
import type { Change } from '../core/records.ts'
import type { EpochMs } from '../core/time.ts'
import { errorFields, log } from '../observability/log.ts'
import type { Receipt, WebhookSourceApi } from '../outbound/message.ts'
import type { LineHost, LineLink, ShopNews } from '../ports/line-host.ts'

export type LineWebhooksDeps = Pick<LineLink, 'line' | 'nowMs'> & {
  readonly background: LineHost['background']
  /** Null: there is no shop to tell. */
  readonly news: ShopNews | null
  readonly arm: () => void
}

export class LineWebhooks implements WebhookSourceApi {
  readonly #deps: LineWebhooksDeps

  constructor(deps: LineWebhooksDeps) {
    this.#deps = deps
  }

  /** To be called in the synchronous block that writes the changes. */
  written(changes: readonly Change[]): void {
    this.#deps.news?.written(changes, this.#deps.nowMs())
  }

  /** When the line has to wake for what is to be sent; null: there is nothing. */
  wakeMs(): EpochMs | null {
    return this.#deps.news?.wakeMs() ?? null
  }

  /** Sends what is due on its way. */
  tick(line: LineState): void {
    const { news, background } = this.#deps
    if (news !== null) background(this.#send(line, news))
  }

  /** Sends everything on its way. Answers whether nothing is left that only the rows know. */
  async empty(line: LineState): Promise<boolean> {
    try {
      await this.#deps.news?.empty(line.event.eventId)
      return true
    } catch (error) {
      log.warn('webhooks_not_queued', { eventId: line.event.eventId, ...errorFields(error) })
      return false
    }
  }

  async webhooksHeard(receipts: readonly Receipt[]): Promise<void> {
    const { line, news, nowMs, arm } = this.#deps
    if (line() === null) return
    news?.heard(receipts, nowMs())
    arm()
  }

  async #send(line: LineState, news: ShopNews): Promise<void> {
    await news.tick(line.event.eventId, this.#deps.nowMs())
    this.#deps.arm()
  }
}
