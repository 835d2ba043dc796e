/** What is over is forgotten in time, in portions, and nothing that counts changes with it. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { end, settleDebts } from '../../src/core/line-admissions.ts'
import { restoreLine, type LineState } from '../../src/core/line-state.ts'
import { chooseBatch, settleBatch } from '../../src/core/line-promotion.ts'
import { join, leave } from '../../src/core/line-visitors.ts'
import type { Decision } from '../../src/core/records.ts'
import { EventLine } from '../../src/durable/event-line.ts'
import { LINE_MIGRATIONS } from '../../src/durable/line-schema.ts'
import { LineStorage } from '../../src/durable/line-storage.ts'
import { migrate } from '../../src/durable/migrations.ts'
import { counted, lineWith, T0, ticketsFor } from '../unit/core/fixtures.ts'

const RETENTION_MS = 60_000
/** A complete configuration, whose Redis does not answer: what is over has nothing to do with it. */
const CONFIGURED = {
  ...env,
  SESSION_SECRET: 's'.repeat(32),
  ENTRY_TOKEN_ALG: 'HS512',
  ENTRY_TOKEN_SECRET: 'e'.repeat(64),
  UPSTASH_REDIS_REST_URL: 'http://127.0.0.1',
  UPSTASH_REDIS_REST_TOKEN: 'nobody-listens',
  ENDED_RETENTION_SECONDS: String(RETENTION_MS / 1_000),
}

let objects = 0

/** Runs a test inside an object of its own. */
async function inObject(test: (state: DurableObjectState) => Promise<void> | void): Promise<void> {
  objects += 1
  await runInDurableObject(env.EVENT_LINE.getByName(`retention-${objects}`), (_line, state) => test(state))
}

/** A line whose every decision is written, as the object does it. */
class WrittenLine {
  readonly rows: LineStorage
  readonly ids = counted()
  line: LineState

  constructor(storage: DurableObjectStorage) {
    this.rows = new LineStorage(storage)
    this.rows.create()
    this.line = lineWith({ capacity: 1_000 })
    this.rows.apply([{ kind: 'event_saved', event: this.line.event }])
  }

  write<T>(made: Decision<T>): T {
    this.rows.apply(made.changes)
    return made.value
  }

  join(...userIds: string[]): void {
    for (const userId of userIds) this.write(join(this.line, userId, T0))
  }

  leave(userId: string, nowMs: number): void {
    this.write(leave(this.line, userId, nowMs))
  }

  /** Everybody who waits goes in. Answers the admission ids in order. */
  admitAll(nowMs = T0): string[] {
    const batch = this.write(chooseBatch(this.line, nowMs, this.ids))
    if (batch === null) return []
    this.write(settleBatch(this.line, batch, ticketsFor(batch, nowMs), nowMs))
    return batch.members.map(({ admissionId }) => admissionId)
  }

  complete(admissionId: string, nowMs: number): void {
    const record = this.line.ledger.get(admissionId)
    if (record !== undefined) this.write(end(this.line, record, 'completed', nowMs))
  }

  gateConfirms(): void {
    this.write(settleDebts(this.line, 'release', this.line.ledger.debts()))
  }

  totals(): unknown {
    const { joinedTotal, admittedTotal, nowServing } = this.reload()
    return { joinedTotal, admittedTotal, nowServing }
  }

  reload(): LineState {
    const snapshot = this.rows.load(T0)
    if (snapshot === null) throw new Error('the rows are gone')
    return restoreLine(snapshot, T0)
  }
}

function count(storage: DurableObjectStorage, table: 'places' | 'admissions' | 'pool_views'): number {
  return storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n
}

/** The alarm rings when it is due. Answers when that was. */
async function ring(line: EventLine, storage: DurableObjectStorage): Promise<number | null> {
  const atMs = await storage.getAlarm()
  await storage.deleteAlarm()
  vi.setSystemTime(atMs ?? Date.now())
  await line.alarm()
  return atMs
}

describe('rows that are over', () => {
  it('go when they are old enough; what lives, owes or is younger stays, and so do the totals', async () => {
    await inObject(({ storage }) => {
      const world = new WrittenLine(storage)
      world.join('completed', 'owing', 'inside')
      const [completed = '', owing = '', inside = ''] = world.admitAll()
      world.join('left', 'left-later', 'waiting')
      world.complete(completed, T0 + 1)
      world.gateConfirms()
      world.complete(owing, T0 + 1)
      world.leave('left', T0 + 1)
      world.leave('left-later', T0 + 3)
      const totals = world.totals()
      expect(totals).toEqual({ joinedTotal: 6, admittedTotal: 3, nowServing: 3 })

      expect(world.rows.forget(T0 + 1, 100)).toBe(0)
      expect(world.rows.forget(T0 + 2, 100)).toBe(3)
      expect(world.rows.admission(completed)).toBeNull()
      expect(world.rows.admission(owing)).toMatchObject({ debt: 'release' })
      expect(world.rows.admission(inside)).toMatchObject({ state: 'admitted' })
      const known = ['completed', 'owing', 'inside', 'left', 'left-later', 'waiting']
      const states = known.map((userId) => world.rows.latestPlace(userId)?.state)
      expect(states).toEqual([undefined, 'COMPLETED', 'ADMITTED', undefined, 'LEFT', 'WAITING'])
      expect(world.totals()).toEqual(totals)
      expect(world.rows.oldestEndedMs()).toBe(T0 + 1)

      world.gateConfirms()
      expect(world.rows.forget(T0 + 4, 100)).toBe(3)
      expect(world.rows.oldestEndedMs()).toBeNull()
      expect([count(storage, 'places'), count(storage, 'admissions')]).toEqual([2, 1])
      expect(world.totals()).toEqual(totals)
    })
  })

  it('leave a visitor who came again with the place that lives', async () => {
    await inObject(({ storage }) => {
      const world = new WrittenLine(storage)
      world.join('again')
      world.leave('again', T0 + 1)
      world.join('again')
      expect(world.rows.forget(T0 + 1_000, 100)).toBe(1)
      expect(world.rows.latestPlace('again')).toMatchObject({ state: 'WAITING', joinNumber: 2 })
    })
  })

  it('give no join number twice, even when every row is gone', async () => {
    await inObject(({ storage }) => {
      const world = new WrittenLine(storage)
      world.join('a', 'b', 'c')
      for (const admissionId of world.admitAll()) world.complete(admissionId, T0)
      world.gateConfirms()
      expect(world.rows.forget(T0 + 1, 100)).toBe(6)
      expect([count(storage, 'places'), count(storage, 'admissions')]).toEqual([0, 0])
      world.line = world.reload()
      world.join('d')
      expect(world.rows.latestPlace('d')).toMatchObject({ joinNumber: 4, number: 4 })
      expect(world.totals()).toEqual({ joinedTotal: 4, admittedTotal: 3, nowServing: 3 })
    })
  })

  it('go oldest first, and never more than a portion', async () => {
    await inObject(({ storage }) => {
      const world = new WrittenLine(storage)
      const userIds = Array.from({ length: 10 }, (_, index) => `user-${index}`)
      world.join(...userIds)
      for (const [index, userId] of userIds.toReversed().entries()) world.leave(userId, T0 + index)
      expect(world.rows.forget(T0 + 100, 4)).toBe(4)
      expect(userIds.filter((userId) => world.rows.latestPlace(userId) !== null)).toEqual(userIds.slice(0, 6))
      expect(world.rows.oldestEndedMs()).toBe(T0 + 4)
      expect([100, 100].map((most) => world.rows.forget(T0 + 100, most))).toEqual([6, 0])
      expect(world.totals()).toMatchObject({ joinedTotal: 10 })
    })
  })

  it('are found in a database of the first schema, which keeps its totals through the upgrade', async () => {
    await inObject(({ storage }) => {
      migrate(storage, LINE_MIGRATIONS.slice(0, 1))
      storage.sql.exec('INSERT INTO event (id, record) VALUES (1, ?)', JSON.stringify(lineWith().event))
      storage.sql.exec(
        `INSERT INTO places (join_number, number, user_id, state, joined_at_ms, ended_at_ms, admission_id) VALUES
           (1, 1, 'a', 'COMPLETED', 1, 2, 'demo.1'), (2, 2, 'b', 'LEFT', 1, 2, NULL), (3, 3, 'c', 'WAITING', 1, NULL, NULL)`,
      )
      const rows = new LineStorage(storage)
      const totals = { joinedTotal: 3, admittedTotal: 1, nowServing: 1 }
      const loaded = rows.load(T0)
      expect(loaded).toMatchObject(totals)
      expect([...(loaded?.waiting ?? [])]).toMatchObject([{ userId: 'c' }])
      expect(storage.sql.exec('SELECT version FROM schema_version').toArray()).toEqual([
        { version: LINE_MIGRATIONS.length },
      ])
      expect(rows.forget(T0, 100)).toBe(2)
      expect(rows.load(T0)).toMatchObject(totals)
    })
  })

  it('of a pool that the event has left go with it', async () => {
    await inObject(({ storage }) => {
      const { rows } = new WrittenLine(storage)
      rows.apply([{ kind: 'pool_seen', view: { pool: 'p:hall', epoch: 1, version: 5 } }])
      rows.apply([{ kind: 'pool_seen', view: { pool: 'e:demo', epoch: 1, version: 5 } }])
      rows.apply([{ kind: 'pool_left', pool: 'p:hall' }])
      expect(rows.load(T0)?.poolViews).toEqual([{ pool: 'e:demo', epoch: 1, version: 5 }])
      expect(count(storage, 'pool_views')).toBe(1)
    })
  })
})

describe('a line', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: T0 })
    vi.spyOn(globalThis, 'fetch').mockRejectedValue(new Error('nobody answers'))
  })

  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  it('forgets what is over when the watchdog calls, and then answers as if it had never been', async () => {
    await inObject(async (state) => {
      const world = new WrittenLine(state.storage)
      world.join('gone', 'waiting')
      const [admissionId = ''] = world.admitAll().slice(0, 1)
      world.complete(admissionId, T0)
      world.gateConfirms()
      const line = new EventLine(state, CONFIGURED)
      const detail = await line.detail()
      vi.setSystemTime(T0 + RETENTION_MS)
      await line.watch(Date.now())
      expect(await line.place('gone')).toMatchObject({ value: { state: 'COMPLETED' } })
      vi.setSystemTime(T0 + RETENTION_MS + 1)
      await line.watch(Date.now())
      expect(await line.place('gone')).toEqual({ ok: false, error: { reason: 'not-in-queue' } })
      expect(await line.admission(admissionId)).toEqual({
        ok: false,
        error: { reason: 'admission-not-found' },
      })
      expect(await line.redeem({ admissionId, sessionDigest: 'd' })).toEqual({
        ok: false,
        error: { reason: 'admission-ended' },
      })
      expect(await line.place('waiting')).toMatchObject({ value: { state: 'ADMITTED' } })
      const { joinedTotal, admittedTotal, nowServing } = detail.ok ? detail.value : {}
      expect(await line.detail()).toMatchObject({ value: { joinedTotal, admittedTotal, nowServing } })
    })
  })

  it('of an event that is over wakes by its alarm until the last row is gone, a portion a second', async () => {
    await inObject(async (state) => {
      const world = new WrittenLine(state.storage)
      const userIds = Array.from({ length: 1_500 }, (_, index) => `user-${index}`)
      world.join(...userIds)
      for (const userId of userIds) world.leave(userId, T0)
      const before = new EventLine(state, CONFIGURED)
      await before.act('close')
      expect(await before.watch(T0)).toEqual({ ok: true, value: { active: false } })
      const dueMs = T0 + RETENTION_MS + 1

      // The object has been asleep meanwhile.
      const line = new EventLine(state, CONFIGURED)
      expect(await ring(line, state.storage)).toBe(dueMs)
      expect(count(state.storage, 'places')).toBe(500)
      expect(await ring(line, state.storage)).toBe(dueMs + 1_000)
      expect(count(state.storage, 'places')).toBe(0)
      // It was armed before the portion was taken, in case that failed. There is nothing left to do.
      expect(await ring(line, state.storage)).toBe(dueMs + 2_000)
      expect(await state.storage.getAlarm()).toBeNull()
      expect(await line.detail()).toMatchObject({ value: { joinedTotal: 1_500 } })
    })
  })
})
