/** How many questions become few calls. */
import { beforeEach, describe, expect, it } from 'vitest'
import { GroupedCalls } from '../../src/grouped-calls.ts'
import { Overloaded } from '../../src/ports/overloaded.ts'

type Call = PromiseWithResolvers<readonly string[]> & { readonly questions: readonly string[] }

let calls: Call[]
let nowMs = 0
beforeEach(() => {
  calls = []
  nowMs = 0
})

function grouped(limits: {
  readonly width: number
  readonly groupMax?: number
  readonly waitingMax?: number
}) {
  return new GroupedCalls<string, string>({
    ask: (questions) => {
      const call = { ...Promise.withResolvers<readonly string[]>(), questions }
      calls.push(call)
      return call.promise
    },
    groupMax: 100,
    waitingMax: 1_000,
    waitMs: 3_000,
    nowMs: () => nowMs,
    ...limits,
  })
}

async function answered(call: Call | undefined): Promise<void> {
  call?.resolve(call.questions.map((question) => question.toUpperCase()))
  await settled()
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const asked = (): (readonly string[])[] => calls.map(({ questions }) => questions)

describe('a question', () => {
  it('is asked at once, and those that come meanwhile are asked together, each with its own answer', async () => {
    const one = grouped({ width: 1 })
    const answers = Promise.all(['a', 'b', 'c'].map((question) => one.ask(question)))
    expect(asked()).toEqual([['a']])
    await answered(calls[0])
    expect(asked()).toEqual([['a'], ['b', 'c']])
    await answered(calls[1])
    await expect(answers).resolves.toEqual(['A', 'B', 'C'])
    void one.ask('d')
    expect(asked().at(-1)).toEqual(['d'])
  })

  it('waits only while as many calls as may be are under way', async () => {
    const two = grouped({ width: 2 })
    for (const question of ['a', 'b', 'c', 'd']) void two.ask(question)
    expect(asked()).toEqual([['a'], ['b']])
    await answered(calls[1])
    expect(asked()).toEqual([['a'], ['b'], ['c', 'd']])
  })

  it('is refused when too many wait, and nothing is asked', async () => {
    const one = grouped({ width: 1, waitingMax: 1 })
    const first = one.ask('a')
    const second = one.ask('b')
    await expect(one.ask('c')).rejects.toBeInstanceOf(Overloaded)
    await answered(calls[0])
    await answered(calls[1])
    await expect(Promise.all([first, second])).resolves.toEqual(['A', 'B'])
    expect(asked().flat()).toEqual(['a', 'b'])
  })
})

describe('a question that has waited too long', () => {
  it('is refused when its turn comes, and not asked', async () => {
    const one = grouped({ width: 1 })
    void one.ask('a')
    const late = Promise.allSettled([one.ask('b')])
    nowMs = 1
    const inTime = one.ask('c')
    nowMs = 3_001
    await answered(calls[0])
    await answered(calls[1])
    expect(await late).toMatchObject([{ status: 'rejected', reason: expect.any(Overloaded) }])
    await expect(inTime).resolves.toBe('C')
    expect(asked()).toEqual([['a'], ['c']])
  })
})

describe('a call', () => {
  it('carries so many questions at most', async () => {
    const one = grouped({ width: 1, groupMax: 2 })
    for (const question of ['a', 'b', 'c', 'd']) void one.ask(question)
    for (const nth of [0, 1, 2]) await answered(calls[nth])
    expect(asked()).toEqual([['a'], ['b', 'c'], ['d']])
  })

  it('that fails, or answers too little, fails its own group, and the next goes on', async () => {
    const one = grouped({ width: 1 })
    const first = Promise.allSettled([one.ask('a')])
    const second = Promise.allSettled([one.ask('b'), one.ask('c')])
    calls[0]?.reject(new Error('gone'))
    await settled()
    const third = one.ask('d')
    calls[1]?.resolve(['B'])
    await settled()
    await answered(calls[2])
    expect((await first).map(({ status }) => status)).toEqual(['rejected'])
    expect((await second).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(third).resolves.toBe('D')
  })
})
