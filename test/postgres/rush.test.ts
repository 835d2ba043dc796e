/** INV-11 on the real runtime, issued by PostgreSQL with FOR UPDATE SKIP LOCKED over several connections. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { again, killRuntime, rushForCoupons, withUsher } from '../support/drops/coupons.ts'
import { OF_TESTS, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { BUNDLE_DIR, pause } from '../support/usher.ts'

const strategy = 'skip-locked'
/** How long PostgreSQL is away. */
const AWAY_MS = 300

let database: TestPostgres

beforeAll(async () => {
  database = await startPostgres()
})

afterAll(() => database.stop())

const project = () => ({ bundleDir: BUNDLE_DIR, direct: true, settings: { DATABASE_URL: database.url } })

describe('1,000 coupons of PostgreSQL, 5,000 visitors, 3 tries each, 200 at a time', () => {
  it('INV-11: all are issued, each once and to one visitor; the others hear sold-out, and repetitions the same', () =>
    withUsher(project(), async (usher) => {
      await rushForCoupons(usher, { strategy, seed: 1, lost: 'answers' })
    }))

  it('INV-11: the same when connections break, whatever became of what was asked over them', () =>
    withUsher(project(), async (usher) => {
      let broken = 0
      const troubles = again(async () => {
        const ended = await database.sql`
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name <> ${OF_TESTS} AND datname = current_database()
            AND backend_type = 'client backend'`
        broken += ended.length
      })
      await rushForCoupons(usher, { strategy, seed: 2, lost: 'answers', troubles })
      expect(broken).toBeGreaterThan(1)
    }))

  it('INV-11: the same when the runtime and PostgreSQL are killed again and again in the middle', ({
    skip,
  }) =>
    withUsher(project(), async (usher) => {
      const { embedded } = database
      if (embedded === null) return skip('the server at DATABASE_URL is not ours to kill')
      let kills = 0
      const troubles = again(async () => {
        kills += 1
        if (kills % 2 === 0) return killRuntime(usher)
        await embedded.kill()
        await pause(AWAY_MS)
        await embedded.restart()
      })
      const { later } = await rushForCoupons(usher, { strategy, seed: 3, lost: 'answers', troubles })
      expect(later).toBeGreaterThan(0)
    }))
})
