import { describe, expect, test } from 'vitest'
import { SharedRead } from '../../../src/drops/postgres/shared-read.ts'

describe('an answer that is shared', () => {
  test('is never older than the question: who asks during a read gets the next one, all of them the same', async () => {
    const reads: PromiseWithResolvers<number>[] = []
    const shared = new SharedRead(() => {
      const read = Promise.withResolvers<number>()
      reads.push(read)
      return read.promise
    })
    const first = shared.ask()
    await Promise.resolve()
    await Promise.resolve()
    const later = [shared.ask(), shared.ask()]
    expect(reads).toHaveLength(1)
    reads[0]?.resolve(1)
    expect(await first).toBe(1)
    await Promise.resolve()
    reads[1]?.resolve(2)
    expect(await Promise.all(later)).toEqual([2, 2])
    expect(reads).toHaveLength(2)
  })

  test('that fails fails for those who asked for it, and the next one is asked for again', async () => {
    const outcomes = [Promise.reject(new Error('away')), Promise.resolve('back')]
    const shared = new SharedRead(() => outcomes.shift() ?? Promise.reject(new Error('too often')))
    await expect(shared.ask()).rejects.toThrow('away')
    expect(await shared.ask()).toBe('back')
  })
})
