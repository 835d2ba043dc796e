/** How the line hears of sales: all of them, and in a rush many at a time. */
import { beforeEach, describe, expect, it } from 'vitest'
import { Completions } from '../../../src/purchase/objects/completions.ts'

type Call = PromiseWithResolvers<readonly (string | null)[]> & { readonly admissionIds: readonly string[] }

let calls: Call[]
let completions: Completions
beforeEach(() => {
  calls = []
  completions = new Completions({
    tell: (admissionIds) => {
      const call = { ...Promise.withResolvers<readonly (string | null)[]>(), admissionIds }
      calls.push(call)
      return call.promise
    },
  })
})

/** The line has heard the last call. */
async function heard(refusals?: readonly (string | null)[]): Promise<void> {
  const call = calls.at(-1)
  call?.resolve(refusals ?? call.admissionIds.map(() => null))
  await new Promise((resolve) => setImmediate(resolve))
}

describe('the line', () => {
  it('hears of a sale at once, and of those made meanwhile together', async () => {
    const told = ['a', 'b', 'c'].map((admissionId) => completions.complete(admissionId))
    expect(calls.map(({ admissionIds }) => admissionIds)).toEqual([['a']])
    await heard()
    expect(calls.map(({ admissionIds }) => admissionIds)).toEqual([['a'], ['b', 'c']])
    await heard()
    await Promise.all(told)
    void completions.complete('d')
    expect(calls.at(-1)?.admissionIds).toEqual(['d'])
  })

  it('is told of at most a hundred at a time', async () => {
    const told = Array.from({ length: 252 }, (_, n) => completions.complete(`a${n}`))
    for (let call = 0; call < 4; call += 1) await heard()
    await Promise.all(told)
    expect(calls.map(({ admissionIds }) => admissionIds.length)).toEqual([1, 100, 100, 51])
  })
})

describe('a sale', () => {
  it('that the line refuses, or did not hear of, fails alone, and the next are told', async () => {
    const outcomes = Promise.allSettled(['a', 'b', 'c'].map((id) => completions.complete(id)))
    calls[0]?.reject(new Error('gone'))
    await new Promise((resolve) => setImmediate(resolve))
    await heard([null, 'overloaded'])
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected'])
    const next = completions.complete('d')
    await heard()
    await expect(next).resolves.toBeUndefined()
  })
})
