/** The audit log in its object: what it keeps, and for how long. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AuditLog } from '../../src/durable/audit-log.ts'
import type { AuditEnding, AuditFacts } from '../../src/ports/audit.ts'

const DAY_MS = 86_400_000
/** Far off: see test/unit/core/fixtures.ts. */
const T0 = Date.UTC(2040, 0, 1)

const CONFIGURED = {
  ...env,
  SESSION_SECRET: 's'.repeat(32),
  ENTRY_TOKEN_ALG: 'HS512',
  ENTRY_TOKEN_SECRET: 'e'.repeat(64),
  UPSTASH_REDIS_REST_URL: 'http://127.0.0.1',
  UPSTASH_REDIS_REST_TOKEN: 'nobody-listens',
  AUDIT_RETENTION_SECONDS: String((7 * DAY_MS) / 1_000),
  AUDIT_ENTRIES_MAX: '1000',
}

const DONE: AuditEnding = { outcome: 'done', problem: null, changes: [] }
const REFUSED: AuditEnding = { outcome: 'refused', problem: 'unauthenticated', changes: [] }

function factsOf(change: Partial<AuditFacts> = {}): AuditFacts {
  return {
    operator: { kind: 'key', name: 'operator' },
    address: '192.0.2.1',
    requestId: 'request',
    action: 'event.open',
    eventId: 'demo',
    poolId: null,
    admissionId: null,
    userId: null,
    ...change,
  }
}

const SIGN_IN = factsOf({ action: 'session.start', eventId: null, operator: { kind: 'nobody', name: '' } })

let objects = 0

/** Runs a test on a log whose configuration is complete, on storage of its own. `again`: the object as it wakes anew. */
async function withLog(
  test: (log: AuditLog, again: () => AuditLog, storage: DurableObjectStorage) => Promise<void>,
): Promise<void> {
  objects += 1
  await runInDurableObject(env.AUDIT_LOG.getByName(`test-${objects}`), async (_log, state) => {
    const again = () => new AuditLog(state, CONFIGURED)
    await test(again(), again, state.storage)
  })
}

async function idsOf(log: AuditLog, eventId: string | null = null): Promise<string[]> {
  const ids: string[] = []
  let before: string | null = null
  do {
    const page = await log.page({ eventId, before, limit: 200 })
    ids.push(...page.entries.map(({ entryId }) => entryId))
    before = page.next
  } while (before !== null)
  return ids
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: T0 })
})

afterEach(() => {
  vi.useRealTimers()
})

describe('the audit log', () => {
  it('has an act before its outcome is told, as unknown, and the outcome after it', async () => {
    await withLog(async (log, again) => {
      const entryId = await log.write(factsOf({ userId: 'v', admissionId: 'demo.x', poolId: 'hall' }), null)
      const begun = {
        ...factsOf({ userId: 'v', admissionId: 'demo.x', poolId: 'hall' }),
        entryId,
        at: '2040-01-01T00:00:00.000Z',
        outcome: 'unknown',
        problem: null,
        changes: [],
      }
      // What a crash leaves: another life of the object reads the same.
      expect(await again().page({ eventId: null, before: null, limit: 1 })).toEqual({
        entries: [begun],
        next: null,
      })
      vi.setSystemTime(T0 + 5_000)
      const changes = [{ field: 'capacity', before: 1, after: 2 }]
      await log.settle(entryId, { outcome: 'done', problem: null, changes })
      await log.settle(entryId, { outcome: 'done', problem: null, changes })
      const [ended] = (await again().page({ eventId: 'demo', before: null, limit: 1 })).entries
      expect(ended).toEqual({ ...begun, outcome: 'done', changes })
    })
  })

  it('has the newest first, and those of one event alone when asked for it', async () => {
    await withLog(async (log) => {
      const first = await log.write(factsOf(), DONE)
      const other = await log.write(factsOf({ eventId: 'other' }), DONE)
      const last = await log.write(factsOf(), DONE)
      expect(await idsOf(log)).toEqual([last, other, first])
      expect(await idsOf(log, 'demo')).toEqual([last, first])
      expect(await log.page({ eventId: 'demo', before: null, limit: 1 })).toMatchObject({ next: last })
      expect(await log.page({ eventId: 'demo', before: last, limit: 1 })).toMatchObject({ next: null })
    })
  })

  it('keeps the newest thousand acts when it may keep a thousand, also over a restart', async () => {
    await withLog(async (log, again) => {
      for (let n = 0; n < 600; n += 1) await log.write(factsOf(), DONE)
      const woken = again()
      for (let n = 0; n < 600; n += 1) await woken.write(factsOf(), DONE)
      const ids = await idsOf(woken)
      expect(ids).toHaveLength(1_000)
      expect(ids.at(-1)).toBe('201')
    })
  })

  it('loses no act to however many refused sign-ins, of which it keeps the newest thousand', async () => {
    await withLog(async (log) => {
      const act = await log.write(factsOf(), DONE)
      const signedIn = await log.write({ ...SIGN_IN, operator: { kind: 'session', name: 'Ada' } }, DONE)
      for (let n = 0; n < 1_100; n += 1) await log.write(SIGN_IN, REFUSED)
      const ids = await idsOf(log)
      expect(ids).toHaveLength(1_002)
      expect(ids.slice(-2)).toEqual([signedIn, act])
      expect(ids[0]).toBe('1102')
    })
  })

  it('forgets an entry within a day of its time, without anybody’s asking, and then sleeps', async () => {
    await withLog(async (log, _again, storage) => {
      await log.write(factsOf(), DONE)
      vi.setSystemTime(T0 + 6 * DAY_MS)
      await log.alarm()
      const young = await log.write(factsOf(), DONE)
      expect(await idsOf(log)).toHaveLength(2)
      vi.setSystemTime(T0 + 7 * DAY_MS + 1)
      await log.alarm()
      expect(await idsOf(log)).toEqual([young])
      expect(await storage.getAlarm()).toBe(T0 + 8 * DAY_MS + 1)
      await storage.deleteAlarm()
      vi.setSystemTime(T0 + 14 * DAY_MS)
      await log.alarm()
      expect([await idsOf(log), await storage.getAlarm()]).toEqual([[], null])
    })
  })
})
