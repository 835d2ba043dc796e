/** What becomes of the messages of a batch. */
import { beforeEach, describe, expect, it } from 'vitest'
import { deliverBatch, keepDead, type ConsumerDeps } from '../../../src/outbound/consumer.ts'
import {
  messageOf,
  type Receipt,
  type WebhookMessage,
  type WebhookSource,
} from '../../../src/outbound/message.ts'
import { verifyWebhook } from '../../../src/webhooks/webhooks.ts'

const NOW_MS = 1_800_000_000_000
const SECRET = 'the secret of the shop'
const OFFICE: WebhookSource = { kind: 'office', eventId: 'demo' }
const PAYLOAD = JSON.stringify({ type: 'order.paid', at: '2027-01-15T08:00:00.000Z', data: { amount: 5 } })

type Settled = 'acked' | { readonly retriedAfterSeconds: number | undefined }

class Queued {
  settled: Settled | null = null
  readonly body: unknown
  readonly attempts: number

  constructor(body: unknown, attempts = 1) {
    this.body = body
    this.attempts = attempts
  }

  ack(): void {
    this.settled = 'acked'
  }

  retry(options?: { delaySeconds?: number }): void {
    this.settled = { retriedAfterSeconds: options?.delaySeconds }
  }
}

let sent: { readonly url: string; readonly init: RequestInit }[]
let told: { readonly source: string; readonly receipts: readonly Receipt[] }[]
let buried: { readonly id: string; readonly cause: string }[]
let logged: string[]
let answers: (body: string) => Response | Promise<Response>
let deps: ConsumerDeps

beforeEach(() => {
  sent = []
  told = []
  buried = []
  logged = []
  answers = () => new Response(null, { status: 204 })
  const keep = (event: string, fields: object = {}): void =>
    void logged.push(JSON.stringify({ event, ...fields }))
  deps = {
    config: { url: 'https://shop.example/hooks', secrets: [SECRET], resendMs: 120_000 },
    fetch: async (url, init) => {
      sent.push({ url, init })
      return answers(String(init.body))
    },
    source: ({ kind, eventId }) => ({
      webhooksHeard: async (receipts) => void told.push({ source: `${kind} ${eventId}`, receipts }),
    }),
    deadLetters: { keep: async ({ id }, cause) => void buried.push({ id, cause }) },
    log: { info: keep, warn: keep, error: keep },
    nowMs: () => NOW_MS,
  }
})

function message(subject: string, source = OFFICE): WebhookMessage {
  return messageOf(source, { subject, payload: PAYLOAD })
}

async function delivered(...messages: Queued[]): Promise<(Settled | null)[]> {
  await deliverBatch(messages, deps)
  return messages.map(({ settled }) => settled)
}

describe('a delivery', () => {
  it('is a POST that the shop can verify, and follows no redirect', async () => {
    await delivered(new Queued(message('order.paid:1')))
    const [{ url, init } = { url: '', init: {} }] = sent
    const headers = new Headers(init.headers)
    expect([url, init.method, init.redirect]).toEqual(['https://shop.example/hooks', 'POST', 'manual'])
    expect(headers.get('content-type')).toMatch(/^application\/json/)
    const news = verifyWebhook(String(init.body), headers.get('usher-signature'), [SECRET], NOW_MS)
    expect(news).toEqual({
      id: message('order.paid:1').id,
      type: 'order.paid',
      createdAt: '2027-01-15T08:00:00.000Z',
      data: { eventId: 'demo', amount: 5 },
    })
  })

  it.each([200, 201, 204])('answered with %i is done, and its source is told', async (status) => {
    answers = () => new Response(null, { status })
    expect(await delivered(new Queued(message('order.paid:1')))).toEqual(['acked'])
    expect(told).toEqual([{ source: 'office demo', receipts: [{ subject: 'order.paid:1', quietMs: null }] }])
  })

  it.each([301, 400, 401, 404, 408, 409, 425, 429, 500, 503])(
    'answered with %i is tried again, and its source knows how long to wait',
    async (status) => {
      answers = () => new Response(null, { status })
      expect(await delivered(new Queued(message('order.paid:1'), 3))).toEqual([{ retriedAfterSeconds: 8 }])
      expect(told[0]?.receipts).toEqual([{ subject: 'order.paid:1', quietMs: 8_000 }])
      expect(buried).toEqual([])
    },
  )

  it('waits for as long as the shop asks', async () => {
    answers = () => new Response(null, { status: 429, headers: { 'Retry-After': '90' } })
    expect(await delivered(new Queued(message('order.paid:1')))).toEqual([{ retriedAfterSeconds: 90 }])
  })

  it('that finds nobody is tried again, and the log names no address', async () => {
    answers = () => Promise.reject(new TypeError('connect to shop.example failed'))
    expect(await delivered(new Queued(message('order.paid:1')))).toEqual([{ retriedAfterSeconds: 2 }])
    expect(logged.join()).not.toContain('shop.example')
  })

  it('answered with 410 is a dead letter at once', async () => {
    answers = () => new Response(null, { status: 410 })
    expect(await delivered(new Queued(message('order.paid:1')))).toEqual(['acked'])
    expect(buried).toEqual([{ id: message('order.paid:1').id, cause: 'status 410' }])
    expect(told[0]?.receipts).toEqual([{ subject: 'order.paid:1', quietMs: null }])
  })

  it('for which there is no shop any more is a dead letter', async () => {
    deps = { ...deps, config: null }
    expect(await delivered(new Queued(message('order.paid:1')))).toEqual(['acked'])
    expect([sent, buried.length]).toEqual([[], 1])
  })
})

describe('a batch', () => {
  it('settles each message for itself, and tells each source once', async () => {
    const line: WebhookSource = { kind: 'line', eventId: 'demo' }
    answers = (body) => new Response(null, { status: body.includes(message('b').id) ? 500 : 200 })
    const settled = await delivered(
      new Queued(message('a')),
      new Queued(message('b')),
      new Queued(message('c', line)),
      new Queued(message('d')),
    )
    expect(settled).toEqual(['acked', { retriedAfterSeconds: 2 }, 'acked', 'acked'])
    expect(told).toHaveLength(2)
    expect(told.find(({ source }) => source === 'office demo')?.receipts).toEqual([
      { subject: 'a', quietMs: null },
      { subject: 'b', quietMs: 2_000 },
      { subject: 'd', quietMs: null },
    ])
  })

  it('is not brought back by a source that cannot be told: that one sends again when it hears nothing', async () => {
    deps = { ...deps, source: () => ({ webhooksHeard: () => Promise.reject(new Error('away')) }) }
    expect(await delivered(new Queued(message('a')))).toEqual(['acked'])
    expect(logged.join()).toContain('webhook_receipt_lost')
  })

  it('with something that is no webhook goes on without it', async () => {
    expect(await delivered(new Queued({ hello: 1 }), new Queued(message('a')))).toEqual(['acked', 'acked'])
    expect(sent).toHaveLength(1)
  })

  it('of dead letters that cannot be kept comes again', async () => {
    deps = { ...deps, deadLetters: { keep: () => Promise.reject(new Error('away')) } }
    const queued = new Queued(message('a'), 2)
    await keepDead([queued], deps)
    expect(queued.settled).toEqual({ retriedAfterSeconds: 4 })
    expect(told).toEqual([])
  })

  it('of dead letters is kept, and is not owed by its source any more', async () => {
    const queued = new Queued(message('a'))
    await keepDead([queued], deps)
    expect([queued.settled, buried.length]).toEqual(['acked', 1])
    expect(told[0]?.receipts).toEqual([{ subject: 'a', quietMs: null }])
  })

  it('with a replayed letter that dies once more leaves it among the letters', async () => {
    answers = () => new Response(null, { status: 410 })
    await delivered(new Queued(message('a', { kind: 'dead-letters', eventId: 'demo' })))
    expect([buried.length, told]).toEqual([1, []])
  })
})

describe('the id of a webhook', () => {
  it('is that of what happened: the same each time, another for another event', () => {
    expect(message('a').id).toBe(message('a').id)
    expect(message('a', { kind: 'office', eventId: 'other' }).id).not.toBe(message('a').id)
    expect(message('b').id).not.toBe(message('a').id)
  })
})
