/** INV-11 on the real runtime and a real Redis: taken by a script, recorded in D1 by the consumer of a queue. */
import { describe, expect, it } from 'vitest'
import { RespClient } from '../../../dev/redis/resp.ts'
import { again, killRuntime, rushForCoupons, withUsher } from '../../support/drops/coupons.ts'
import { faultsOf, withFaults } from '../../support/drops/faulty-usher.ts'
import { BUNDLE_DIR, type TestUsher } from '../../support/usher.ts'

const strategy = 'redis-queue'
const DIRECT = { bundleDir: BUNDLE_DIR, direct: true }
const FAULTY = { ...DIRECT, wrap: withFaults }
/** A queue that is started again has lost what was in it; nobody waits a minute for that here. */
const RESENT_SOON = { DROP_CLAIM_RESEND_SECONDS: '2' }

describe('1,000 coupons of Redis, 5,000 visitors, 3 tries each, 200 at a time', () => {
  it('INV-11: all are issued, each once and to one visitor; the others hear sold-out, and repetitions the same', () =>
    withUsher(DIRECT, async (usher) => {
      await rushForCoupons(usher, { strategy, seed: 1, lost: 'nothing' })
    }))

  it('INV-11: the same when messages and batches come twice, and the consumer throws after its insert', () =>
    withUsher(
      FAULTY,
      async (usher) => {
        await rushForCoupons(usher, { strategy, seed: 2, lost: 'nothing' })
        const faults = await faultsOf(usher.url)
        for (const [name, count] of Object.entries(faults))
          expect({ name, isStruck: count > 0 }).toEqual({ name, isStruck: true })
      },
      RESENT_SOON,
    ))

  it('INV-11: the same when the runtime is killed again and again, and the queue forgets', () =>
    withUsher(
      DIRECT,
      async (usher) => {
        const troubles = again(() => killRuntime(usher))
        const { lost } = await rushForCoupons(usher, { strategy, seed: 3, lost: 'answers', troubles })
        expect(lost).toBeGreaterThan(0)
      },
      RESENT_SOON,
    ))

  it('INV-11: the same when Redis is emptied and killed in turn: what was shown as issued stays so', () =>
    withUsher(
      DIRECT,
      async (usher) => {
        let times = 0
        const troubles = again(async () => {
          times += 1
          await (times % 2 === 0 ? usher.runtime.redis?.restart?.() : emptyRedis(usher))
        })
        const { later } = await rushForCoupons(usher, { strategy, seed: 4, lost: 'pending', troubles })
        expect(later).toBeGreaterThan(0)
      },
      RESENT_SOON,
    ))
})

async function emptyRedis({ runtime }: TestUsher): Promise<void> {
  if (runtime.redis === null) throw new Error('a test has a Redis of its own')
  const client = new RespClient(runtime.redis)
  try {
    await client.send([['FLUSHALL']])
  } finally {
    client.close()
  }
}
