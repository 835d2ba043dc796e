import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { end, expireLeases, redeem, renew, settleDebts } from '../../src/core/line-admissions.ts'
import { act, followSchedule } from '../../src/core/line-operator.ts'
import { chooseBatch, settleBatch } from '../../src/core/line-promotion.ts'
import { countsOf, restoreLine, type LineState } from '../../src/core/line-state.ts'
import { expireSilent, join, leave, livePlace, streamChanged } from '../../src/core/line-visitors.ts'
import type { Decision } from '../../src/core/records.ts'
import { LineStorage } from '../../src/durable/line-storage.ts'
import { counted, lineWith, T0, ticketsFor, tools } from '../unit/core/fixtures.ts'

const USERS = Array.from({ length: 30 }, (_, index) => `user-${index}`)

type World = { line: LineState; nowMs: number; random: () => number; ids: ReturnType<typeof counted> }

/** Everything that the outside can see of a line, and what it owes. */
function visible({ line, nowMs }: World): unknown {
  const waiting = [...line.waiting.all()].map((visitor) => ({
    userId: visitor.userId,
    joinNumber: visitor.joinNumber,
    joinedAtMs: visitor.joinedAtMs,
    position: line.waiting.position(visitor),
    absentSinceMs: visitor.absentSinceMs,
  }))
  const byId = (a: { admissionId: string }, b: { admissionId: string }) =>
    a.admissionId < b.admissionId ? -1 : 1
  return {
    event: line.event,
    counts: countsOf(line, false),
    waiting: waiting.toSorted((a, b) => a.joinNumber - b.joinNumber),
    live: line.ledger.live().toSorted(byId),
    debts: line.ledger.debts().toSorted(byId),
    batch: line.batch,
    // A due time in the past says the same as one of this moment.
    nextDueMs: Math.max(line.rate.tatMs, nowMs),
  }
}

/** One thing that may happen to a line. */
function step(world: World): Decision<unknown> {
  const { line, nowMs, random, ids } = world
  const userId = USERS[Math.floor(random() * USERS.length)] ?? 'user-0'
  const live = line.ledger.live()
  const admission = live[Math.floor(random() * live.length)]
  const roll = Math.floor(random() * 14)
  if (roll < 4) return join(line, userId, nowMs)
  if (roll === 4) return leave(line, userId, nowMs)
  if (roll === 5) return livePlace(line, userId, nowMs) ?? followSchedule(line, nowMs, tools)
  if (roll === 6) return streamChanged(line, userId, random() < 0.5, nowMs)
  if (roll === 7) return expireSilent(line, nowMs)
  if (roll === 8) return expireLeases(line, nowMs)
  if (roll === 9) {
    const debts = line.ledger.debts().filter(({ debt }) => debt === 'release')
    return settleDebts(line, 'release', debts)
  }
  if (roll === 10) return act(line, random() < 0.5 ? 'pause' : 'resume', nowMs, tools)
  if (roll === 11 && admission !== undefined) return redeem(line, admission, `session-${userId}`, nowMs)
  if (roll === 12 && admission !== undefined) {
    return random() < 0.5 ? renew(line, admission, nowMs) : end(line, admission, 'completed', nowMs)
  }
  if (line.batch === null) return chooseBatch(line, nowMs, ids)
  return settleBatch(line, line.batch, ticketsFor(line.batch, nowMs, Math.floor(random() * 3)), nowMs)
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}

describe('the rows of a line', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'INV-9: rebuilt from them after any step, a line shows the same to the outside (seed %i)',
    async (seed) => {
      await runInDurableObject(env.EVENT_LINE.getByName(`rows-${seed}`), (_line, state) => {
        const rows = new LineStorage(state.storage)
        rows.create()
        const line = lineWith({
          capacity: 5,
          batchSizeMax: 3,
          admitPerMinute: 600,
          disconnectGraceSeconds: 8,
        })
        rows.apply([{ kind: 'event_saved', event: line.event }])
        const world: World = { line, nowMs: T0, random: seeded(seed), ids: counted() }
        for (let count = 0; count < 400; count += 1) {
          world.nowMs += Math.floor(world.random() * 2_000)
          rows.apply(step(world).changes)
          // What has been over for a while may go at any time; nobody can tell.
          if (world.random() < 0.1) rows.forget(world.nowMs - 5_000, 3)
          const snapshot = rows.load(world.nowMs)
          if (snapshot === null) throw new Error('the rows are gone')
          const rebuilt = { ...world, line: restoreLine(snapshot, world.nowMs) }
          expect(visible(rebuilt)).toEqual(visible(world))
          // Every now and then the line really goes on from the rows.
          if (world.random() < 0.05) world.line = rebuilt.line
        }
      })
    },
  )

  it('leave nothing behind for an event that was never configured', async () => {
    const stub = env.EVENT_LINE.getByName('never')
    expect(await stub.status()).toEqual({ ok: false, error: { reason: 'event-not-found' } })
    await runInDurableObject(stub, (_line, state) => {
      expect(state.storage.sql.exec('SELECT name FROM sqlite_master').toArray()).toEqual([])
    })
  })
})
