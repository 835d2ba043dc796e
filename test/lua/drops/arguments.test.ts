import { beforeEach, expect, it } from 'vitest'
import { DROP_SCRIPTS, type DropScriptName } from '../../../src/drops/redis/scripts.ts'
import { overEveryEngine } from '../pool-harness.ts'
import { KEYS, NOTHING_SEEN, codes, dumpDrop, fill, gateOf } from './drop-harness.ts'

const NOW = Object.values(KEYS.now)
const NEXT = Object.values(KEYS.next)

/** A call that each script takes. `text`: which of the arguments need not be numbers. */
const VALID: Record<DropScriptName, { keys: string[]; values: string[]; text: number[] }> = {
  claim_codes: { keys: NOW, values: ['1', '0', 'ann'], text: [2] },
  find_claim: { keys: [KEYS.now.drop], values: ['ann', '1', '0'], text: [0] },
  take_outbox: { keys: NOW, values: ['1', '0', '1000', '1000', '10'], text: [] },
  confirm_claims: { keys: [KEYS.now.drop, KEYS.now.outbox], values: ['1', 'ann', 'A'], text: [1, 2] },
  postpone_claims: { keys: [KEYS.now.drop, KEYS.now.outbox], values: ['1', '5', 'ann'], text: [2] },
  change_drop: { keys: NOW, values: ['1', '1000', '2', '5', '6', '2', '3', 'B'], text: [7] },
  freeze_drop: { keys: [KEYS.now.drop, ...NEXT], values: ['2', '1000'], text: [] },
  read_claims: { keys: [KEYS.now.drop], values: ['1', '0', '10'], text: [] },
  load_drop: {
    keys: [KEYS.now.drop, ...NEXT],
    values: ['1', '1000', '1', 'B', 'ann', '5', 'A', '6'],
    text: [3, 4, 6],
  },
  open_drop: { keys: [...NOW, ...NEXT], values: ['1', '1000', '3', '0', '0', '1', '1', '5', '6'], text: [] },
}
const NAMES = Object.keys(VALID) as DropScriptName[]

overEveryEngine('every script of the drops', (harness) => {
  const run = (name: DropScriptName, values = VALID[name].values, keys = VALID[name].keys) =>
    harness.redis.client.eval<string[], string[]>(DROP_SCRIPTS[name].text, keys, values)

  beforeEach(() => fill(gateOf(harness), 1, { codes: codes(1, 3) }))

  it.each(NAMES)(
    '%s refuses a number that is missing, not one, negative, fractional or too large',
    async (name) => {
      const { values, text } = VALID[name]
      const before = await dumpDrop(harness)
      const numeric = values.flatMap((_, i) => (text.includes(i) ? [] : [i]))
      for (const index of numeric) {
        for (const wrong of ['', 'nan', 'inf', '-1', '1.5', '1e3', '0x10', ' 1', '99999999999999999999x'])
          await expect(run(name, values.with(index, wrong)), `${index}: ${wrong}`).rejects.toThrow(
            /USHER bad argument \w+/,
          )
      }
      await expect(run(name, [])).rejects.toThrow(/USHER bad argument \w+/)
      expect(await dumpDrop(harness)).toEqual(before)
    },
  )

  it.each(['claim_codes', 'confirm_claims', 'postpone_claims', 'change_drop'] as const)(
    '%s refuses more than 1,000 members, and takes 1,000',
    async (name) => {
      const { values, text } = VALID[name]
      const fixed = values.slice(0, text[0])
      const member = text.map((index) => values[index] ?? '')
      const members = (count: number) => Array.from({ length: count }, () => member).flat()
      await expect(run(name, [...fixed, ...members(1_001)])).rejects.toThrow('USHER bad argument')
      await expect(run(name, [...fixed, ...members(1_000)])).resolves.not.toContain('lost')
    },
  )

  it('a list that ends in the middle, an empty name and an empty code are refused', async () => {
    await expect(run('confirm_claims', ['1', 'ann'])).rejects.toThrow('USHER bad argument claims')
    await expect(run('load_drop', VALID.load_drop.values.slice(0, -1))).rejects.toThrow('bad argument claims')
    await expect(run('load_drop', VALID.load_drop.values.with(2, '6'))).rejects.toThrow('bad argument claims')
    await expect(run('load_drop', VALID.load_drop.values.with(3, ''))).rejects.toThrow('bad argument codes')
    await expect(run('find_claim', ['', '1', '0'])).rejects.toThrow('bad argument user_id')
    const before = await dumpDrop(harness)
    await expect(run('claim_codes', ['1', '0', 'ann', ''])).rejects.toThrow('bad argument user_ids')
    expect(await dumpDrop(harness), 'nobody of the call has a code').toEqual(before)
  })

  it.each(NAMES)('%s touches no key but those that it was given', async (name) => {
    await gateOf(harness).claim(['ann'], NOTHING_SEEN)
    await expect(run(name, VALID[name].values, [])).rejects.toThrow()
    await run(name)
    const known = [...NOW, ...NEXT]
    for (const key of await harness.redis.client.keys('*')) expect(known).toContain(key)
  })
})
