/** The header of each script against its code, its wrapper and its neighbours: headers that nobody checks lie. */
import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createPoolGate, type ScriptClient } from '../../src/redis/pool-gate.ts'
import { SCRIPTS, expandIncludes, type ScriptName } from '../../src/redis/scripts.ts'
import { NOW_MS, SHARED, TestLine, admission, lease } from './pool-harness.ts'
import { declaredTags, expectCompleteHeader, indices, partsOf, usedTags } from './script-headers.ts'

const FOLDER = new URL('../../lua/', import.meta.url)
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.lua'))
const libraries = readdirSync(new URL('lib/', FOLDER))
const read = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8')
/** What each wrapper sends, without Redis. */
async function sentBy(name: ScriptName): Promise<{ keys: string[]; values: string[] }> {
  const sent: { script: string; keys: string[]; values: string[] }[] = []
  const recorder = {
    createScript: (script: string) => ({
      exec: async (keys: string[], values: string[]) => {
        sent.push({ script, keys, values })
        return ['lost']
      },
    }),
  } as unknown as ScriptClient
  const line = new TestLine(createPoolGate(recorder), 'A', SHARED)
  const one = admission('A', 1)
  const calls: Record<ScriptName, () => Promise<unknown>> = {
    check_tokens: () => line.check([one]),
    reassert_leases: () => line.reassert([lease(one)]),
    redeem_token: () => line.redeem(one, 'digest'),
    release_leases: () => line.release([one]),
    renew_leases: () => line.renew([one], NOW_MS),
    reserve_leases: () => line.reserve('b1', [one]),
  }
  // The reply is of no interest, and reassert refuses it.
  await calls[name]().catch(() => {})
  const [call] = sent
  expect(call?.script).toBe(SCRIPTS[name])
  return { keys: call?.keys ?? [], values: call?.values ?? [] }
}

/** How many arguments a call with one member sends beyond the last numbered one. */
const OPEN_END: Partial<Record<ScriptName, number>> = { renew_leases: 1, reassert_leases: 3 }

describe.each(files)('the header of %s', (file) => {
  const name = file.replace('.lua', '') as ScriptName
  const { shebang, header, code } = partsOf(read(file))

  it('says what is guaranteed, what a repetition does, what comes in and out and what it costs, in this order', () => {
    expect(shebang).toBe('#!lua flags=allow-key-locking')
    expect(header.startsWith(` ${name}: `)).toBe(true)
    expectCompleteHeader(header)
  })

  it('declares the keys and arguments that the code uses, and no others', () => {
    const declared = header.slice(0, header.indexOf('Returns:'))
    expect(indices(declared, /KEYS\[(\d+)\]/g)).toEqual(indices(code, /KEYS\[(\d+)\]/g))
    const used = indices(code, /(?:ARGV\[|members_from\('\w+', )(\d+)\b/g)
    expect(indices(declared, /ARGV\[(\d+)/g)).toEqual(used)
    for (const bound of ['keys.pool', 'keys.leases', 'keys.tokens']) expect(SCRIPTS[name]).toContain(bound)
  })

  it('declares the replies that the code gives, and no others', () => {
    expect(declaredTags(header)).toEqual(usedTags(code))
  })

  it('asks for as many keys and arguments as the wrapper sends', async () => {
    const sent = await sentBy(name)
    const declared = header.slice(0, header.indexOf('Returns:'))
    expect(sent.keys).toHaveLength(indices(declared, /KEYS\[(\d+)\]/g).length)
    expect(sent.values).toHaveLength(Math.max(...indices(declared, /ARGV\[(\d+)/g)) + (OPEN_END[name] ?? 0))
  })

  it('stands in the table of lua/README.md with all its replies', () => {
    const row =
      read('README.md')
        .split('\n')
        .find((line) => line.startsWith(`| \`${name}\``)) ?? ''
    for (const tag of declaredTags(header)) expect(row).toContain(`\`${tag}\``)
  })
})

describe('the folder of scripts', () => {
  it('is what the adapter sends, each file expanded and nothing left to expand', () => {
    expect(files.map((file) => file.replace('.lua', ''))).toEqual(Object.keys(SCRIPTS).toSorted())
    for (const file of files)
      expect(expandIncludes(read(file))).toBe(SCRIPTS[file.replace('.lua', '') as ScriptName])
    for (const script of Object.values(SCRIPTS)) expect(script).not.toContain('@include')
  })

  it('has no library that no script includes, and no include without a library', () => {
    const included = files.flatMap((file) =>
      [...read(file).matchAll(/^-- @include lib\/(\S+)$/gm)].map((m) => m[1]),
    )
    expect(new Set(included)).toEqual(new Set(libraries))
    expect(() => expandIncludes('-- @include lib/nobody.lua')).toThrow('no such Lua library')
  })

  it('uses nothing that Redis does not have, and formats no number through a C long', () => {
    for (const script of Object.values(SCRIPTS)) {
      expect(script).not.toMatch(/\bgoto\b|\brequire\b|'%d'|EVAL_RO[^:]*\(/)
      expect(script).not.toMatch(/\busher:/)
    }
  })
})
