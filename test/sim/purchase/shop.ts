/** The shop that is told, and the queue in between: it loses messages, is late, doubles them, and its receipts get lost. */
import type { Receipt, WebhookMessage } from '../../../src/outbound/message.ts'
import type { WebhookTools } from '../../../src/outbound/outbox.ts'
import type { PurchaseWorld } from './world.ts'

/** How long the queue waits after a shop that did not take a message. */
const AGAIN_MS = 4_000

export class SimShop implements WebhookTools {
  readonly resendMs = 20_000
  /** What the shop has heard, by subject. */
  readonly told = new Map<string, string>()
  /** Tells the office; rejects when it is not reached. */
  hear: (receipts: readonly Receipt[]) => Promise<void> = () => Promise.resolve()
  readonly #world: PurchaseWorld

  constructor(world: PurchaseWorld) {
    this.#world = world
  }

  readonly send = (messages: readonly WebhookMessage[]): Promise<void> =>
    this.#world.call(`${messages.length} news for the queue`, async () => {
      for (const message of messages) this.#queue(message, 0)
      const early = messages.map(({ subject }) => ({ subject, quietMs: null }))
      if (this.#world.mutant?.forgetsWhatIsQueued === true) this.#report(early)
    })

  #queue(message: WebhookMessage, delayMs: number): void {
    // A queue that is started again has nothing in it.
    if (this.#world.strikes('requestLost')) return
    const lateMs = this.#world.random.between(0, 2_000)
    this.#world.scheduler.after(delayMs + lateMs, () => this.#deliver(message))
    if (this.#world.strikes('callDoubled'))
      this.#world.scheduler.after(delayMs + 9_000, () => this.#deliver(message))
  }

  #deliver(message: WebhookMessage): void {
    const { subject, body } = message
    const isTaken = !this.#world.strikes('callLate')
    if (isTaken) this.#take(subject, body)
    else this.#queue(message, AGAIN_MS)
    this.#report([{ subject, quietMs: isTaken ? null : AGAIN_MS }])
  }

  #take(subject: string, body: string): void {
    const before = this.told.get(subject)
    if (before !== undefined && before !== body)
      this.#world.violated('progress', `the shop was told ${before}, and then ${body}`)
    this.told.set(subject, body)
  }

  #report(receipts: readonly Receipt[]): void {
    // One that is lost costs a repetition.
    void this.hear(receipts).catch(() => {})
  }
}
