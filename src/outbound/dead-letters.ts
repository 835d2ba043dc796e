/** Webhooks that the shop did not take, for a month or until an operator has had them delivered. See DeadLettersApi. */
import { DurableObject } from 'cloudflare:workers'
import { err, ok, type Result } from '../core/result.ts'
import { log } from '../observability/log.ts'
import type { DeadLetter, DeadLettersApi } from './dead-letters-api.ts'
import { DeadLetterStorage } from './dead-letter-storage.ts'
import type { Receipt, WebhookMessage } from './message.ts'

const KEEP_MS = 30 * 24 * 60 * 60 * 1_000
/** How often old letters are swept, and how many at once. */
const SWEEP_EVERY_MS = 60 * 60 * 1_000
const SWEEP_ROWS_MAX = 1_000

export class DeadLetters extends DurableObject<Env> implements DeadLettersApi {
  readonly #rows: DeadLetterStorage
  /** Null: to be counted when somebody asks. */
  #count: number | null = null

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#rows = new DeadLetterStorage(ctx.storage)
  }

  async keep(message: WebhookMessage, cause: string): Promise<void> {
    const nowMs = Date.now()
    this.#count = null
    const dropped = this.#rows.keep(message, cause, nowMs)
    if (dropped > 0) log.error('dead_letters_dropped', { dropped })
    const { storage } = this.ctx
    if ((await storage.getAlarm()) === null) await storage.setAlarm(nowMs + SWEEP_EVERY_MS)
  }

  async list(before: number | null, limit: number): Promise<DeadLetter[]> {
    return this.#rows.list(before, limit)
  }

  async count(): Promise<number> {
    this.#count ??= this.#rows.count()
    return this.#count
  }

  async replay(id: string): Promise<Result<DeadLetter, { reason: 'dead-letter-not-found' }>> {
    const letter = this.#rows.find(id)
    if (letter === null) return err({ reason: 'dead-letter-not-found' })
    const source = { kind: 'dead-letters', eventId: letter.eventId } as const
    await this.env.WEBHOOKS.send({ id, subject: id, source, body: letter.body } satisfies WebhookMessage)
    // It may have been delivered, or have died once more, while the queue was asked.
    if (this.#rows.find(id)?.number === letter.number) this.#rows.replayed(id, Date.now())
    return ok(this.#rows.find(id) ?? letter)
  }

  async webhooksHeard(receipts: readonly Receipt[]): Promise<void> {
    const delivered = receipts.filter(({ quietMs }) => quietMs === null)
    this.#count = null
    this.#rows.remove(delivered.map(({ subject }) => subject))
  }

  override async alarm(): Promise<void> {
    const nowMs = Date.now()
    this.#count = null
    const oldestMs = this.#rows.forget(nowMs - KEEP_MS, SWEEP_ROWS_MAX)
    // Without letters it sleeps until the next one; what one sweep left over is swept at once.
    if (oldestMs === null) return
    await this.ctx.storage.setAlarm(oldestMs <= nowMs - KEEP_MS ? nowMs : nowMs + SWEEP_EVERY_MS)
  }
}
