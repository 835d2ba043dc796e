/** INV-11 on the real runtime, issued by a Durable Object and recorded in D1. */
import { describe, expect, it } from 'vitest'
import { faultsOf, withFaults } from '../../support/drops/faulty-usher.ts'
import { BUNDLE_DIR, startTestUsher, type TestUsher } from '../../support/usher.ts'
import { killsOf, rushForCoupons } from './coupons.ts'

const DIRECT = { bundleDir: BUNDLE_DIR, direct: true }
const FAULTY = { ...DIRECT, wrap: withFaults }

async function withUsher(project: typeof DIRECT, work: (usher: TestUsher) => Promise<void>): Promise<void> {
  const usher = await startTestUsher({}, undefined, project)
  try {
    await work(usher)
  } finally {
    await usher.stop()
  }
}

describe('1,000 coupons of an object, 5,000 visitors, 3 tries each, 200 at a time', () => {
  it('INV-11: all are issued, each once and to one visitor; the others hear sold-out, and repetitions the same', () =>
    withUsher(DIRECT, async (usher) => {
      await rushForCoupons(usher, { strategy: 'object', seed: 1, lost: 'nothing' })
    }))

  it('INV-11: the same when writes of records happen twice, or end in an error after they happened', () =>
    withUsher(FAULTY, async (usher) => {
      await rushForCoupons(usher, { strategy: 'object', seed: 2, lost: 'nothing' })
      const { writtenTwice, writeThrew } = await faultsOf(usher.url)
      expect(writtenTwice).toBeGreaterThan(0)
      expect(writeThrew).toBeGreaterThan(0)
    }))

  it('INV-11: the same when the runtime is killed again and again in the middle', () =>
    withUsher(DIRECT, async (usher) => {
      const troubles = killsOf(usher)
      const { lost } = await rushForCoupons(usher, { strategy: 'object', seed: 3, lost: 'answers', troubles })
      expect(lost).toBeGreaterThan(0)
    }))
})
