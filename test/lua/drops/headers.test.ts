/** The header of each script of the drops against its code and its wrapper: headers that nobody checks lie. */
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createDropGate, type DropGate, type EvalClient } from '../../../src/drops/redis/drop-gate.ts'
import { DROP_SCRIPTS, type DropScriptName } from '../../../src/drops/redis/scripts.ts'
import { declaredTags, expectCompleteHeader, indices, partsOf, usedTags } from '../script-headers.ts'
import { DROP_ID, KEYS } from './drop-harness.ts'

const FOLDER = new URL('../../../lua/drops/', import.meta.url)
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.lua'))
const read = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8')
const library = read('lib/drop.lua')

const one = { userId: 'ann', code: 'A', claimedAtMs: 1 }
const window = { opensAtMs: null, closesAtMs: null }
const seen = { generation: 1, claimed: 0 }

/** Calls with one member in each list. */
const CALLS: Record<DropScriptName, (gate: DropGate) => Promise<unknown>> = {
  claim_codes: (gate) => gate.claim(['ann'], seen),
  find_claim: (gate) => gate.find('ann', seen),
  take_outbox: (gate) => gate.takeOutbox(seen, 1, 1),
  confirm_claims: (gate) => gate.confirm(1, [one]),
  postpone_claims: (gate) => gate.postpone(1, 0, ['ann']),
  change_drop: (gate) =>
    gate.change({ ...window, generation: 1, configVersion: 1, epoch: 1, stockBefore: 1, codes: ['B'] }),
  freeze_drop: (gate) => gate.freeze(1),
  read_claims: (gate) => gate.readClaims(1, '0', 1),
  load_drop: (gate) => gate.load({ generation: 1, codes: ['B'], recorded: [one], owed: [] }),
  open_drop: (gate) =>
    gate.open({ ...window, generation: 1, configVersion: 1, epoch: 1, stock: 1, claimed: 1, pending: 0 }),
}

/** How many arguments such a call sends beyond the last numbered one. */
const OPEN_END: Partial<Record<DropScriptName, number>> = { confirm_claims: 1, load_drop: 4 }

/** What the wrapper sends, without Redis. */
async function sentBy(name: DropScriptName): Promise<{ script: string; keys: string[]; values: string[] }> {
  const sent: { script: string; keys: string[]; values: string[] }[] = []
  const recorder = {
    evalsha: async () => {
      throw new Error('NOSCRIPT No matching script.')
    },
    eval: async (script: string, keys: string[], values: string[]) => {
      sent.push({ script, keys, values })
      return ['lost']
    },
  } as unknown as EvalClient
  await CALLS[name](createDropGate(recorder, DROP_ID))
  const [call] = sent
  if (call === undefined) throw new Error('nothing was sent')
  return call
}

describe.each(files)('the header of drops/%s', (file) => {
  const name = file.replace('.lua', '') as DropScriptName
  const { shebang, header, code } = partsOf(read(file))
  const declared = header.slice(0, header.indexOf('Returns:'))

  it('says what is guaranteed, what a repetition does, what comes in and out and what it costs, in this order', () => {
    expect(shebang).toBe('#!lua flags=allow-key-locking')
    expect(header.startsWith(` ${name}: `)).toBe(true)
    expectCompleteHeader(header)
  })

  it('declares the keys and arguments that the code uses, and no others', () => {
    expect(indices(declared, /KEYS\[(\d+)\]/g)).toEqual(indices(code, /KEYS\[(\d+)\]/g))
    const used = indices(code, /(?:ARGV\[|members_from\('\w+', |for i = )(\d+)\b/g).filter(
      (index) => index > 0,
    )
    expect(indices(declared, /ARGV\[(\d+)/g)).toEqual(used)
  })

  it('declares the replies that the code gives, and no others', () => {
    const ofLibrary = code.includes('unknown_reply(') ? usedTags(library) : []
    expect(declaredTags(header)).toEqual([...new Set([...usedTags(code), ...ofLibrary])].toSorted())
  })

  it('asks for as many keys and arguments as the wrapper sends, and each key is of this drop', async () => {
    const sent = await sentBy(name)
    expect(sent.script).toBe(DROP_SCRIPTS[name].text)
    expect(sent.keys).toHaveLength(indices(declared, /KEYS\[(\d+)\]/g).length)
    expect(sent.values).toHaveLength(Math.max(...indices(declared, /ARGV\[(\d+)/g)) + (OPEN_END[name] ?? 0))
    const all = [KEYS.now, KEYS.next].flatMap((keys) => Object.values(keys))
    expect(all).toEqual(expect.arrayContaining(sent.keys))
    for (const key of sent.keys) expect(key).toContain(`{d:${DROP_ID}}`)
  })

  it('stands in the table of lua/drops/README.md with all its replies', () => {
    const rows = read('README.md').split('\n')
    const row = rows.find((line) => line.startsWith(`| \`${name}\``)) ?? ''
    for (const tag of declaredTags(header)) expect(row).toContain(`\`${tag}\``)
  })
})

describe('the folder of scripts of the drops', () => {
  it('is what the adapter sends, nothing left to expand', () => {
    expect(files.map((file) => file.replace('.lua', ''))).toEqual(Object.keys(DROP_SCRIPTS).toSorted())
    for (const { text } of Object.values(DROP_SCRIPTS)) expect(text).not.toContain('@include')
  })

  it('uses nothing that Redis does not have, spells no key, and formats no number through a C long', () => {
    for (const { text } of Object.values(DROP_SCRIPTS))
      expect(text).not.toMatch(/\bgoto\b|\brequire\b|'%d'|\busher:/)
  })
})
