import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keyCommands } from '../../../src/cli/commands/keys.ts'
import { rotationOf } from '../../../src/cli/keys/rotation.ts'
import type { Rotated } from '../../../src/cli/keys/rotation.ts'
import { madeAtMs, newSigningKey } from '../../../src/cli/keys/signing-keys.ts'
import type { Step } from '../../../src/cli/keys/signing-keys.ts'
import { changedText } from '../../../src/cli/keys/variables-file.ts'
import { runCli } from '../../../src/cli/main.ts'
import { parseConfig } from '../../../src/config.ts'
import { createEntryTokens } from '../../../src/tokens/entry-token.ts'
import { fakeIo } from './fake-io.ts'

const NOW_MS = Date.parse('2026-03-01T10:00:00Z')
const DEPLOYMENT = {
  ADMIN_API_KEY: 'an-operator-of-16-characters',
  ORIGIN_API_KEY: 'a-shop-of-at-least-16-characters',
  SESSION_SECRET: 's'.repeat(32),
  UPSTASH_REDIS_REST_URL: 'https://redis.example',
  UPSTASH_REDIS_REST_TOKEN: 'token',
}
type Variables = Record<string, string>

function rotated(settings: Variables, what: Rotated, step: Step | null = null, nowMs = NOW_MS): Variables {
  const { changes } = rotationOf(what, settings, step, nowMs)
  const merged = Object.entries({ ...settings, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  )
  return Object.fromEntries(merged)
}

function kidsOf(settings: Variables): string[] {
  const { keys } = JSON.parse(settings['ENTRY_TOKEN_PRIVATE_JWKS'] ?? '') as { keys: { kid: string }[] }
  return keys.map(({ kid }) => kid)
}

function tokensOf(settings: Variables) {
  const config = parseConfig(settings)
  if (!config.ok) throw new Error(JSON.stringify(config.error))
  return createEntryTokens(config.value)
}

describe('rotating the key of entry tokens', () => {
  const first = rotated(DEPLOYMENT, 'entry', 'replace')
  const published = rotated(first, 'entry', null, NOW_MS + 60_000)
  const signing = rotated(published, 'entry')
  const over = rotated(signing, 'entry')

  it('goes from one key to the next in three steps, by itself', () => {
    const [old] = kidsOf(first)
    const [, fresh] = kidsOf(published)
    expect(kidsOf(published)).toEqual([old, fresh])
    expect(kidsOf(signing)).toEqual([fresh, old])
    expect(kidsOf(over)).toEqual([fresh])
    expect(fresh).not.toBe(old)
  })

  it('every step is a configuration that a deployment takes, and each key verifies from before it signs until after', async () => {
    const claims = {
      admissionId: 'sale.0123456789012345678901',
      eventId: 'sale',
      userId: 'fan',
      issuedAtMs: Date.now(),
      expiresAtMs: Date.now() + 60_000,
    }
    const byOld = await tokensOf(published).sign(claims)
    const byNew = await tokensOf(signing).sign(claims)
    const verifies = async (settings: Variables, token: string): Promise<boolean> => {
      return (await tokensOf(settings).verify(token)).ok
    }
    expect(await verifies(first, byOld)).toBe(true)
    expect(await verifies(published, byNew)).toBe(true)
    expect(await verifies(signing, byOld)).toBe(true)
    expect(await verifies(over, byNew)).toBe(true)
    expect(await verifies(over, byOld)).toBe(false)
  })

  it('a key that was made elsewhere counts as the older one', () => {
    const key = { ...newSigningKey(NOW_MS), kid: 'made-by-hand' }
    const settings = { ENTRY_TOKEN_PRIVATE_JWKS: JSON.stringify({ keys: [key] }) }
    const next = rotated(settings, 'entry')
    expect(kidsOf(next)[0]).toBe('made-by-hand')
    expect(kidsOf(rotated(next, 'entry'))[1]).toBe('made-by-hand')
  })

  it('does not guess which of two keys is newer when neither says', () => {
    const keys = ['a', 'b'].map((kid) => ({ ...newSigningKey(NOW_MS), kid }))
    const settings = { ENTRY_TOKEN_PRIVATE_JWKS: JSON.stringify({ keys }) }
    expect(() => rotated(settings, 'entry')).toThrow('give --step sign')
    expect(kidsOf(rotated(settings, 'entry', 'sign'))).toEqual(['b', 'a'])
    expect(kidsOf(rotated(settings, 'entry', 'retire'))).toEqual(['a'])
  })

  it('does not make a first key unless told to: another might be in use that is kept elsewhere', () => {
    expect(() => rotated(DEPLOYMENT, 'entry')).toThrow('--step replace')
    expect(() => rotated({ ...DEPLOYMENT, ENTRY_TOKEN_ALG: 'HS512' }, 'entry')).toThrow('--step replace')
  })

  it('after a leak the new key is alone, even when the old value cannot be read', () => {
    const next = rotated({ ...DEPLOYMENT, ENTRY_TOKEN_PRIVATE_JWKS: 'broken' }, 'entry', 'replace')
    expect(kidsOf(next)).toHaveLength(1)
    expect(() => rotated({ ENTRY_TOKEN_PRIVATE_JWKS: 'broken' }, 'entry')).toThrow('is not JSON')
  })

  it.each([
    [first, 'sign'],
    [first, 'retire'],
    [published, 'publish'],
  ] as const)('refuses a step that does not fit', (settings, step) => {
    expect(() => rotated(settings, 'entry', step)).toThrow(`--step ${step}`)
  })

  it('the id of a key says when it was made', () => {
    expect(madeAtMs(newSigningKey(NOW_MS).kid)).toBe(NOW_MS)
    expect(madeAtMs('es256-20269901T100000Z-00000000')).toBeNull()
    expect(madeAtMs('b65ec9d5-fc71-4bba-965f-73602c49f9a2')).toBeNull()
  })
})

it('rotating a shared secret keeps the previous one until it is retired', () => {
  const first = rotated({ ...DEPLOYMENT, ENTRY_TOKEN_ALG: 'HS512' }, 'entry', 'replace')
  const second = rotated(first, 'entry')
  expect(second['ENTRY_TOKEN_SECRET_PREVIOUS']).toBe(first['ENTRY_TOKEN_SECRET'])
  expect(second['ENTRY_TOKEN_SECRET']).not.toBe(first['ENTRY_TOKEN_SECRET'])
  const over = rotated(second, 'entry')
  expect(over['ENTRY_TOKEN_SECRET']).toBe(second['ENTRY_TOKEN_SECRET'])
  expect(over).not.toHaveProperty('ENTRY_TOKEN_SECRET_PREVIOUS')
  for (const settings of [first, second, over]) expect(parseConfig(settings)).toMatchObject({ ok: true })
  expect(() => rotated(first, 'entry', 'retire')).toThrow('no previous secret')
  expect(() => rotated(first, 'entry', 'publish')).toThrow('not published')
})

it.each([
  ['session', 'SESSION_SECRET'],
  ['admin', 'ADMIN_API_KEY'],
  ['origin', 'ORIGIN_API_KEY'],
] as const)('a new secret for %s is one that a deployment takes, another each time', (what, variable) => {
  const base = rotated(DEPLOYMENT, 'entry', 'replace')
  const values = [1, 2].map(() => rotated(base, what)[variable])
  expect(new Set(values).size).toBe(2)
  expect(parseConfig(rotated(base, what))).toMatchObject({ ok: true })
  expect(() => rotated(base, what, 'sign')).toThrow('replaced at once')
})

describe('the file of variables', () => {
  it('keeps comments, order and what it does not know; a variable keeps its line', () => {
    const text = '# mine\nA=1\nexport B="2"\n\nC=3\n'
    expect(changedText(text, { B: 'x y', D: '{"k":"v"}' })).toBe(
      `# mine\nA=1\nB='x y'\n\nC=3\nD='{"k":"v"}'\n`,
    )
    expect(changedText(text, { A: null })).toBe('# mine\nexport B="2"\n\nC=3\n')
    expect(changedText('A=1', { B: '2' })).toBe(`A=1\nB='2'\n`)
    expect(changedText('', { B: '2' })).toBe(`B='2'\n`)
    expect(changedText('A=1\nA=2\n', { A: '3' })).toBe(`A='3'\n`)
  })

  it('is read as it was written, or not written at all', () => {
    for (const value of ['#', '$HOME', '\\n', '"', ' spaced ', '{"a":"b=c"}']) {
      expect(parseEnv(changedText('', { A: value }))['A']).toBe(value)
    }
    expect(() => changedText('', { A: "it's" })).toThrow('quote')
    expect(() => changedText('', { A: 'a\nb' })).toThrow('line break')
  })
})

describe('usher keys', () => {
  let cwd: string
  beforeEach(() => (cwd = mkdtempSync(join(tmpdir(), 'usher-keys-'))))
  afterEach(() => rmSync(cwd, { recursive: true }))

  async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
    const io = fakeIo({ cwd })
    const code = await runCli(keyCommands, argv, io, '')
    return { code, out: io.written.join('\n'), err: io.complained.join('\n') }
  }

  it('rotate writes the file for its owner alone, and shows no secret', async () => {
    writeFileSync(join(cwd, '.dev.vars'), 'SHOP_URL=https://shop.example\n', { mode: 0o644 })
    const { code, out } = await run('keys', 'rotate', 'entry', '--step', 'replace')
    expect(code).toBe(0)
    const variables = parseEnv(readFileSync(join(cwd, '.dev.vars'), 'utf8'))
    expect(variables['SHOP_URL']).toBe('https://shop.example')
    expect(statSync(join(cwd, '.dev.vars')).mode & 0o777).toBe(0o600)
    const [key] = (JSON.parse(variables['ENTRY_TOKEN_PRIVATE_JWKS'] ?? '') as { keys: { d: string }[] }).keys
    expect(out).not.toContain(key?.d)
    expect(out).toContain(
      'npx usher keys print ENTRY_TOKEN_PRIVATE_JWKS | npx wrangler secret put ENTRY_TOKEN_PRIVATE_JWKS',
    )
  })

  it('rotate shows the values when asked to, and has one shape as JSON', async () => {
    const { out } = await run('keys', 'rotate', 'session', '--show', '--json')
    const value = parseEnv(readFileSync(join(cwd, '.dev.vars'), 'utf8'))['SESSION_SECRET']
    expect(JSON.parse(out)).toEqual({
      what: 'session',
      step: 'replace',
      file: '.dev.vars',
      set: ['SESSION_SECRET'],
      removed: [],
      notes: [expect.stringContaining('Never during a sale')],
      commands: ['npx usher keys print SESSION_SECRET | npx wrangler secret put SESSION_SECRET'],
      values: { SESSION_SECRET: value },
    })
    expect((await run('keys', 'rotate', 'session', '--json')).out).not.toContain('values')
  })

  it('rotate goes on from the key that a local run has made up', async () => {
    const key = newSigningKey(NOW_MS)
    const state = mkdtempSync(join(cwd, 'state-'))
    writeFileSync(
      join(state, 'secrets.json'),
      JSON.stringify({ ENTRY_TOKEN_PRIVATE_JWKS: JSON.stringify({ keys: [key] }) }),
    )
    const io = fakeIo({ cwd, env: { USHER_STATE_DIR: state } })
    expect(await runCli(keyCommands, ['keys', 'rotate', 'entry'], io, '')).toBe(0)
    const variables = parseEnv(readFileSync(join(cwd, '.dev.vars'), 'utf8')) as Variables
    expect(kidsOf(variables)[0]).toBe(key.kid)
    expect(kidsOf(variables)).toHaveLength(2)
  })

  it('the file of a deployment is never begun with a key of this machine', async () => {
    const env = { ENTRY_TOKEN_PRIVATE_JWKS: JSON.stringify({ keys: [newSigningKey(NOW_MS)] }) }
    const io = fakeIo({ cwd, env })
    expect(await runCli(keyCommands, ['keys', 'rotate', 'entry', '--file', 'production.vars'], io, '')).toBe(
      2,
    )
    expect(io.complained.join()).toContain('--step replace')
  })

  it('a file that cannot be written is told, and stays as it is', async () => {
    const there = await run('keys', 'rotate', 'session', '--file', 'missing/production.vars')
    expect(there).toMatchObject({ code: 1, err: expect.stringContaining('is as it was') })
    const folder = await run('keys', 'rotate', 'session', '--file', '.')
    expect(folder).toMatchObject({ code: 2, err: expect.stringContaining('cannot be read') })
    writeFileSync(join(cwd, 'production.vars'), `ENTRY_TOKEN_ALG=HS512\nENTRY_TOKEN_SECRET="it's mine"\n`)
    const before = readFileSync(join(cwd, 'production.vars'), 'utf8')
    expect(await run('keys', 'rotate', 'entry', '--file', 'production.vars')).toMatchObject({ code: 1 })
    expect(readFileSync(join(cwd, 'production.vars'), 'utf8')).toBe(before)
    expect(readdirSync(cwd)).toEqual(['production.vars'])
  })

  it('print gives the value to a pipe, and says when there is none', async () => {
    writeFileSync(join(cwd, 'production.vars'), "SESSION_SECRET='abc'\n")
    const printed = await run('keys', 'print', 'SESSION_SECRET', '--file', 'production.vars')
    expect(printed).toEqual({ code: 0, out: 'abc', err: '' })
    const missing = await run('keys', 'print', 'ADMIN_API_KEY', '--file', 'production.vars')
    expect(missing).toMatchObject({ code: 1, out: '', err: expect.stringContaining('no ADMIN_API_KEY') })
  })

  it('print shows nothing on a terminal unless asked to', async () => {
    writeFileSync(join(cwd, '.dev.vars'), "SESSION_SECRET='abc'\n")
    const io = fakeIo({ cwd })
    const onTerminal = {
      ...io,
      stdout: Object.create(io.stdout, { isTTY: { value: true } }) as typeof io.stdout,
    }
    expect(await runCli(keyCommands, ['keys', 'print', 'SESSION_SECRET'], onTerminal, '')).toBe(2)
    expect(io.written).toEqual([])
    expect(await runCli(keyCommands, ['keys', 'print', 'SESSION_SECRET', '--show'], onTerminal, '')).toBe(0)
    expect(io.written).toEqual(['abc'])
  })
})
