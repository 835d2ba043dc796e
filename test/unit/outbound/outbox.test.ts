/** What a line owes to the shop, on its real rows. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { AdmissionRecord, Change } from '../../../src/core/records.ts'
import { LineNews } from '../../../src/outbound/line-news.ts'
import type { WebhookMessage } from '../../../src/outbound/message.ts'
import { Outbox, OUTBOX_SCHEMA } from '../../../src/outbound/outbox.ts'
import { SqliteDatabase } from '../../long/sqlite-database.ts'

const START_MS = 1_800_000_000_000
const RESEND_MS = 120_000

let database: SqliteDatabase
let news: LineNews
let queued: WebhookMessage[][]
let isQueueAway: boolean

// What fails here is meant to.
vi.spyOn(console, 'warn').mockImplementation(() => {})

beforeEach(() => {
  database = new SqliteDatabase()
  database.sql.exec(OUTBOX_SCHEMA)
  queued = []
  isQueueAway = false
  news = start()
})

function start(): LineNews {
  const send = async (messages: readonly WebhookMessage[]): Promise<void> => {
    if (isQueueAway) throw new Error('the queue takes nothing')
    queued.push([...messages])
  }
  return new LineNews(new Outbox({ sql: database.sql, send, resendMs: RESEND_MS }))
}

function admission(admissionId: string, change: Partial<AdmissionRecord> = {}): AdmissionRecord {
  return {
    admissionId,
    joinNumber: 1,
    userId: 'ann',
    pool: 'e:demo',
    state: 'ended',
    token: 'token',
    tokenExpiresAtMs: START_MS,
    joinedAtMs: START_MS - 9_000,
    admittedAtMs: START_MS - 5_000,
    redeemedAtMs: null,
    sessionDigest: null,
    leaseExpiresAtMs: START_MS,
    endedAtMs: START_MS,
    outcome: 'expired',
    debt: 'release',
    ...change,
  }
}

function changed(record: AdmissionRecord): Change {
  return { kind: 'admission_changed', admission: record }
}

function end(...ids: string[]): void {
  news.written(
    ids.map((id) => changed(admission(id))),
    START_MS,
  )
}

function subjects(): string[][] {
  return queued.map((batch) => batch.map(({ subject }) => subject))
}

describe('the end of an admission', () => {
  it('is owed from the change that ends it on, and no other change is', async () => {
    news.written(
      [
        changed(admission('alive', { state: 'redeemed', endedAtMs: null, outcome: null, debt: 'renew' })),
        changed(admission('over')),
        { kind: 'admission_opened', admission: admission('gone', { outcome: 'left' }) },
      ],
      START_MS,
    )
    // The gate has confirmed it: the same end once more.
    news.written([changed(admission('over', { debt: null }))], START_MS + 1)
    await news.tick('demo', START_MS + 1)
    expect(subjects()).toEqual([['admission.ended:gone', 'admission.ended:over']])
  })

  it('tells who it was, how it ended and when', async () => {
    end('over')
    await news.tick('demo', START_MS)
    const [[message] = []] = queued
    expect(message?.source).toEqual({ kind: 'line', eventId: 'demo' })
    expect(JSON.parse(message?.body ?? '')).toEqual({
      id: message?.id,
      type: 'admission.ended',
      createdAt: '2027-01-15T08:00:00.000Z',
      data: {
        eventId: 'demo',
        admissionId: 'over',
        userId: 'ann',
        outcome: 'expired',
        admittedAt: '2027-01-15T07:59:55.000Z',
        redeemedAt: null,
        endedAt: '2027-01-15T08:00:00.000Z',
      },
    })
  })
})

describe('what is owed', () => {
  it('is counted until the shop has taken it, whatever the queue says meanwhile', async () => {
    expect(news.owed()).toBe(0)
    end('a', 'b')
    await news.tick('demo', START_MS)
    news.heard([{ subject: 'admission.ended:a', quietMs: 5_000 }], START_MS)
    expect(news.owed()).toBe(2)
    news.heard([{ subject: 'admission.ended:a', quietMs: null }], START_MS)
    expect(news.owed()).toBe(1)
    expect(start().owed()).toBe(1)
  })

  it('is given to the queue once, and the object sleeps when it has been delivered', async () => {
    end('a')
    expect(news.wakeMs()).toBe(START_MS)
    await news.tick('demo', START_MS)
    await news.tick('demo', START_MS + 1_000)
    expect(subjects()).toEqual([['admission.ended:a']])
    news.heard([{ subject: 'admission.ended:a', quietMs: null }], START_MS + 2_000)
    expect(news.wakeMs()).toBeNull()
    await news.tick('demo', START_MS + RESEND_MS * 2)
    expect(queued).toHaveLength(1)
  })

  it('is given to the queue again, with the same id, when nothing is heard of it for too long', async () => {
    end('a')
    await news.tick('demo', START_MS)
    expect(news.wakeMs()).toBe(START_MS + RESEND_MS)
    await news.tick('demo', START_MS + RESEND_MS)
    expect(queued[1]).toEqual(queued[0])
  })

  it('waits longer while the queue says that it is trying', async () => {
    end('a')
    await news.tick('demo', START_MS)
    news.heard([{ subject: 'admission.ended:a', quietMs: 64_000 }], START_MS + 1_000)
    expect(news.wakeMs()).toBe(START_MS + 65_000 + RESEND_MS)
  })

  it('is tried again soon when the queue takes nothing, and nothing else suffers', async () => {
    isQueueAway = true
    end('a')
    await news.tick('demo', START_MS)
    expect(news.wakeMs()).toBe(START_MS + 10_000)
    isQueueAway = false
    await news.tick('demo', START_MS + 10_000)
    expect(subjects()).toEqual([['admission.ended:a']])
  })

  it('goes a hundred at a time, all that are due in one go', async () => {
    end(...Array.from({ length: 250 }, (_, index) => `a${index}`))
    await news.tick('demo', START_MS)
    expect(queued.map(({ length }) => length)).toEqual([100, 100, 50])
    expect(new Set(subjects().flat()).size).toBe(250)
  })

  it('is still owed by an object that starts again', async () => {
    end('a')
    news = start()
    expect(news.wakeMs()).toBe(START_MS)
    await news.tick('demo', START_MS)
    expect(subjects()).toEqual([['admission.ended:a']])
  })

  it('goes to the queue before the rows are deleted, or the rows stay', async () => {
    end('a', 'b')
    isQueueAway = true
    await expect(news.empty('demo')).rejects.toThrow('takes nothing')
    isQueueAway = false
    await news.empty('demo')
    expect(subjects()).toEqual([['admission.ended:a', 'admission.ended:b']])
  })

  it('ignores what it hears of somebody else', () => {
    news.heard(
      [
        { subject: 'nobody', quietMs: null },
        { subject: 'no one', quietMs: 5 },
      ],
      START_MS,
    )
    expect(news.wakeMs()).toBeNull()
  })
})
