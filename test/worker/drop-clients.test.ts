/** Whom the gateway asks for a drop that Redis issues: a lane, and the drop's object where a lane cannot say. */
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { OVERLOADED } from '../../src/core/failures.ts'
import { ok } from '../../src/core/result.ts'
import { dropClients } from '../../src/drops/drops.ts'
import type { ClaimFound, DropPlan, Strategy } from '../../src/drops/core/records.ts'
import type { LaneAnswer } from '../../src/drops/ports.ts'
import { Overloaded } from '../../src/ports/overloaded.ts'

const PENDING = { state: 'pending', claimedAtMs: 5 } as const
const TAKEN: LaneAnswer = ok({ kind: 'claimed', claim: PENDING, isNew: true })
const FOUND: ClaimFound = { kind: 'found', claim: PENDING }
const RECORDED: ClaimFound = { kind: 'found', claim: { state: 'issued', code: 'A', claimedAtMs: 5 } }

let dropId: string
let asked: string[]
let drops = 0
beforeEach(() => {
  drops += 1
  dropId = `client-${drops}`
  asked = []
})

type World = {
  readonly strategy?: Strategy
  readonly claim?: () => Promise<LaneAnswer>
  readonly claimOf?: ClaimFound
}

/** The gateway's client over objects that only say what they were asked. */
function clientOf({ strategy = 'redis-queue', claim = async () => TAKEN, claimOf = FOUND }: World) {
  const plan = { strategy, epoch: 1, stock: 9 } as DropPlan
  const saying = <T>(what: string, answer: T): T => {
    asked.push(what)
    return answer
  }
  const object = {
    standing: async () => saying('standing', ok({ plan, status: 'open', remaining: 1 })),
    claim: async () => saying('object claims', ok({ kind: 'closed' })),
    claimOf: async () => saying('object looks', ok(RECORDED)),
  }
  const laneOf = (name: string) => ({
    claim: (userId: string) => saying(`${name.replace(/\d$/, 'n')}: ${userId} claims`, claim()),
    claimOf: async (userId: string) => saying(`${name.replace(/\d$/, 'n')}: ${userId} looks`, claimOf),
  })
  const fake = { ...env, DROP: { getByName: () => object }, CLAIM_LANE: { getByName: laneOf } }
  return dropClients(fake as unknown as Env, 'ICN').drop(dropId)
}

describe('the client of a drop that Redis issues', () => {
  it('claims and looks through a lane of its data centre, and does not ask the object', async () => {
    const client = clientOf({})
    expect(await client.claim('ann')).toEqual(TAKEN)
    expect(await client.claimOf('ann')).toEqual(ok(FOUND))
    expect(asked).toEqual(['standing', `${dropId}:ICN:n: ann claims`, `${dropId}:ICN:n: ann looks`])
  })

  it('asks the object what is recorded when the lane cannot say', async () => {
    const client = clientOf({ claimOf: { kind: 'retry', afterSeconds: 2 } })
    expect(await client.claimOf('ann')).toEqual(ok(RECORDED))
    expect(asked).toContain('object looks')
  })

  it('is overloaded when the lane is', async () => {
    const client = clientOf({ claim: async () => OVERLOADED })
    await expect(client.claim('ann')).rejects.toThrow(Overloaded)
    expect(asked).not.toContain('object claims')
  })

  it('asks once more when the lane goes away under the claim', async () => {
    let calls = 0
    const claim = async (): Promise<LaneAnswer> => {
      calls += 1
      if (calls === 1) throw Object.assign(new Error('the object went away'), { retryable: true })
      return TAKEN
    }
    expect(await clientOf({ claim }).claim('ann')).toEqual(TAKEN)
    expect(calls).toBe(2)
  })

  it('hears from the lane that nothing is left, and asks anew how the drop stands', async () => {
    const client = clientOf({ claim: async () => ok({ kind: 'sold-out', epoch: 1 }) })
    for (const userId of ['ann', 'bob']) await client.claim(userId)
    expect(asked.filter((what) => what === 'standing')).toHaveLength(2)
  })

  it('leaves the drops of other strategies to their objects', async () => {
    const client = clientOf({ strategy: 'object' })
    expect(await client.claim('ann')).toEqual(ok({ kind: 'closed' }))
    expect(asked).toEqual(['standing', 'object claims'])
  })
})
