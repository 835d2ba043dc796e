/** What an isolate knows of drops: how seldom it asks, how old its knowledge may be, and who is refused by it. */
import { describe, expect, it } from 'vitest'
import { fingerprintsOf } from '../../../src/drops/core/claimants.ts'
import { DropMemos } from '../../../src/drops/drop-memos.ts'
import type { DropStatus } from '../../../src/core/drop-news.ts'
import type { DropApi } from '../../../src/drops/ports.ts'

const ID = 'd'

class FakeDrop {
  asked: string[] = []
  status: DropStatus = 'sold_out'
  epoch = 1
  winners = ['ann']
  failure: 'store-unavailable' | 'drop-not-found' | null = null
  /** Answers wait for it. */
  answer: Promise<void> = Promise.resolve()

  readonly api: Pick<DropApi, 'standing' | 'claimants'> = {
    standing: async () => {
      this.asked.push('standing')
      const { status, epoch } = this
      await this.answer
      if (this.failure !== null) return { ok: false, error: { reason: this.failure } }
      const plan = { dropId: ID, epoch } as never
      return { ok: true, value: { plan, status, remaining: Number(status === 'open') } }
    },
    claimants: async () => {
      this.asked.push('claimants')
      const fingerprints = fingerprintsOf(this.winners).buffer
      return { ok: true, value: { epoch: this.epoch, fingerprints } }
    },
  }
}

function world() {
  const clock = { nowMs: 1_000_000 }
  const memos = new DropMemos(() => clock.nowMs)
  const drop = new FakeDrop()
  const known = async (): Promise<string> => {
    const answer = await memos.known(ID, drop.api)
    return answer.ok ? answer.value.status : answer.error.reason
  }
  return { clock, memos, drop, known }
}

describe('what is known of a drop', () => {
  it('costs one call a second, however many want to know, and who has a claim once in an epoch', async () => {
    const { clock, drop, known } = world()
    for (let second = 0; second < 5; second += 1) {
      for (let visitor = 0; visitor < 100; visitor += 1) await known()
      clock.nowMs += 1_000
    }
    expect(drop.asked).toEqual(['standing', 'claimants', 'standing', 'standing', 'standing', 'standing'])
  })

  it('asks a store that does not answer once a second, and a drop that is not there each time', async () => {
    const { clock, drop, known } = world()
    drop.failure = 'store-unavailable'
    for (let visitor = 0; visitor < 100; visitor += 1) expect(await known()).toBe('store-unavailable')
    expect(drop.asked).toEqual(['standing'])
    drop.failure = null
    clock.nowMs += 1_000
    expect(await known()).toBe('sold_out')
    drop.failure = 'drop-not-found'
    clock.nowMs += 2_000
    for (let visitor = 0; visitor < 3; visitor += 1) expect(await known()).toBe('drop-not-found')
    expect(drop.asked.filter((asked) => asked === 'standing')).toHaveLength(5)
  })

  it('is used for a second more while one asks anew, and not a moment longer', async () => {
    const { clock, drop, known } = world()
    await known()
    clock.nowMs += 1_000
    const slow = Promise.withResolvers<void>()
    drop.answer = slow.promise
    const asking = known()
    clock.nowMs += 999
    expect(await known()).toBe('sold_out')
    expect(drop.asked).toEqual(['standing', 'claimants', 'standing'])
    clock.nowMs += 1
    const another = known()
    expect(drop.asked.filter((what) => what === 'standing')).toHaveLength(3)
    slow.resolve()
    await Promise.all([asking, another])
  })

  it('a reopened drop is seen to be open within two seconds, even if the call takes one', async () => {
    const { clock, memos, drop, known } = world()
    await known()
    drop.status = 'open'
    drop.epoch = 2
    clock.nowMs += 2_000
    expect(memos.isRefused(ID, 'bob')).toBe(false)
    expect(await known()).toBe('open')
    expect(memos.isRefused(ID, 'bob')).toBe(false)
  })

  it('is not shown older than what this isolate has done itself', async () => {
    const { memos, drop } = world()
    await memos.shown(ID, drop.api)
    await memos.shown(ID, drop.api)
    memos.claimed(ID)
    await memos.shown(ID, drop.api)
    expect(drop.asked.filter((what) => what === 'standing')).toHaveLength(2)
  })
})

describe('refusing without asking', () => {
  it('everybody is refused when nothing is left, but those who have a coupon', async () => {
    const { memos, known } = world()
    expect(memos.isRefused(ID, 'bob')).toBe(false)
    await known()
    expect(memos.isRefused(ID, 'bob')).toBe(true)
    expect(memos.isRefused(ID, 'ann')).toBe(false)
  })

  it('nobody is refused by what is too old', async () => {
    const { clock, memos, known } = world()
    await known()
    clock.nowMs += 1_000
    expect(memos.isRefused(ID, 'bob')).toBe(false)
  })

  it.each(['open', 'scheduled', 'closed'] as const)('nobody is refused while it is %s', async (status) => {
    const { memos, drop, known } = world()
    drop.status = status
    await known()
    expect(memos.isRefused(ID, 'bob')).toBe(false)
  })

  it('the first who is told that nothing is left makes the next one find out; the others of that moment do not ask again', async () => {
    const { memos, drop, known } = world()
    drop.status = 'open'
    await known()
    drop.status = 'sold_out'
    memos.soldOut(ID, 1)
    await known()
    for (let late = 0; late < 10; late += 1) {
      memos.soldOut(ID, 1)
      await known()
    }
    expect(drop.asked).toEqual(['standing', 'standing', 'claimants'])
    expect(memos.isRefused(ID, 'bob')).toBe(true)
  })

  it('nobody is refused by a list of another epoch', async () => {
    const { memos, drop, known } = world()
    const { standing } = drop.api
    Object.assign(drop.api, {
      standing: async () => {
        const answer = await standing()
        drop.epoch += 1
        return answer
      },
    })
    await known()
    expect(memos.isRefused(ID, 'bob')).toBe(false)
  })
})
