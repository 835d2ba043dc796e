import { expect, it } from 'vitest'
import { BATCH_MEMBERS_MAX, POOL_TTL_MS } from '../../src/core/limits.ts'
import { poolKeys } from '../../src/redis/keys.ts'
import { SCRIPTS, type ScriptName } from '../../src/redis/scripts.ts'
import {
  HOUR_MS,
  NOW_MS,
  TestLine,
  admission,
  admissions,
  lease,
  openLine,
  overEveryEngine,
} from './pool-harness.ts'

const KEYS = poolKeys('e:A')
const SEEN = ['A', '1', '1']
const TTL = String(POOL_TTL_MS)
const NOW = String(NOW_MS)

/** Arguments that each script takes, and which of them it must refuse when they are not what the header says. */
const VALID: Record<ScriptName, string[]> = {
  check_tokens: [...SEEN, 'A.1'],
  reassert_leases: [...SEEN, TTL, '9', NOW, '1', '0', '1000', '5', '60', '1', '1', 'A', 'A.1', NOW, ''],
  redeem_token: [...SEEN, TTL, '9', 'A.1', 'digest', NOW],
  release_leases: [...SEEN, TTL, '9', 'A.1'],
  renew_leases: [...SEEN, TTL, '9', 'A.1', NOW],
  reserve_leases: [...SEEN, TTL, '9', NOW, 'b1', '1', NOW, '5', '60', '1', '1000', 'A.1'],
}
const TEXT_OF_ANY_KIND: Partial<Record<ScriptName, number[]>> = {
  check_tokens: [3],
  reassert_leases: [13, 14, 16],
  release_leases: [5],
  renew_leases: [5],
  reserve_leases: [13],
  redeem_token: [5, 6],
}
const NAMES = Object.keys(VALID) as ScriptName[]

overEveryEngine('every script', (harness) => {
  const run = (name: ScriptName, values: string[], keys: string[] = KEYS) =>
    harness.redis.client.createScript<string[]>(SCRIPTS[name]).exec(keys, values)

  it.each(NAMES)('D12: %s runs on a real engine and answers with a tag', async (name) => {
    const reply = await run(name, VALID[name])
    expect(reply[0]).toBe(name === 'reassert_leases' ? 'again' : 'lost')
  })

  it.each(NAMES)(
    '%s refuses a number that is missing, not one, negative, fractional or too large',
    async (name) => {
      const numeric = VALID[name].flatMap((_, i) =>
        i === 0 || (name === 'reserve_leases' && i === 6) || TEXT_OF_ANY_KIND[name]?.includes(i) ? [] : [i],
      )
      for (const index of numeric) {
        for (const wrong of ['', 'nan', 'inf', '-1', '1.5', '1e3', '0x10', ' 1', '99999999999999999999']) {
          await expect(run(name, VALID[name].with(index, wrong))).rejects.toThrow(/USHER bad argument \w+/)
        }
      }
      await expect(run(name, [])).rejects.toThrow('USHER bad argument event_id')
      expect(await harness.redis.client.dbsize()).toBe(0)
    },
  )

  it.each(NAMES.filter((name) => name !== 'redeem_token'))(
    '%s refuses more than 1,000 members',
    async (name) => {
      const width = { renew_leases: 2, reassert_leases: 3 }[name as string] ?? 1
      const fixed = VALID[name].slice(0, -width)
      const members = admissions('A', 1, BATCH_MEMBERS_MAX + 1).flatMap((id) => [id, NOW, ''].slice(0, width))
      await expect(run(name, [...fixed, ...members])).rejects.toThrow(
        /USHER bad argument (leases|admission_ids)/,
      )
      const most = await run(name, [...fixed, ...members.slice(width)])
      expect(most[0]).toBe(name === 'reassert_leases' ? 'again' : 'lost')
    },
  )

  it.each(['renew_leases', 'reassert_leases'] as const)(
    '%s refuses a list that ends in the middle',
    async (name) => {
      await expect(run(name, VALID[name].slice(0, -1))).rejects.toThrow('USHER bad argument leases')
    },
  )

  it('a redemption without a session, and a batch without an id, are refused', async () => {
    await expect(run('redeem_token', VALID.redeem_token.with(6, ''))).rejects.toThrow('session_digest')
    await expect(run('reserve_leases', VALID.reserve_leases.with(6, ''))).rejects.toThrow('batch_id')
  })

  it.each(NAMES)('%s touches no key but those that it was given', async (name) => {
    const line = await openLine(harness)
    await line.reserve('b1', [admission('A', 1)])
    const seen = ['A', String(line.view.epoch), String(line.view.version)]
    await expect(run(name, [...seen, ...VALID[name].slice(3)])).resolves.not.toContain('lost')
    await expect(run(name, VALID[name], [])).rejects.toThrow()
    expect(new Set(await harness.redis.client.keys('*'))).toEqual(new Set(KEYS))
  })

  it('every key has an end, and the hash the nearest, after every call that writes', async () => {
    const line = new TestLine(harness.gate)
    const one = admission('A', 1)
    const writes = [
      () => line.reassert([lease(admission('A', 9))]),
      () => line.reserve('b1', [one]),
      () => line.renew([one], NOW_MS),
      () => line.redeem(one, 'digest'),
      () => line.release([one]),
    ]
    for (const write of writes) {
      for (const key of KEYS) await harness.redis.client.persist(key)
      await write()
      const [pool = 0, leases = 0, tokens = 0] = await Promise.all(
        KEYS.map((key) => harness.redis.client.pttl(key)),
      )
      expect(pool).toBeGreaterThan(POOL_TTL_MS - 60_000)
      expect(pool).toBeLessThanOrEqual(POOL_TTL_MS)
      for (const ttl of [leases, tokens]) {
        expect(ttl).toBeGreaterThan(POOL_TTL_MS + HOUR_MS - 60_000)
        expect(ttl).toBeLessThanOrEqual(POOL_TTL_MS + HOUR_MS)
      }
    }
  })
})
