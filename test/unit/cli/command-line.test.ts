import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Command } from '../../../src/cli/command.ts'
import { SERVER_OPTIONS } from '../../../src/cli/command.ts'
import { COMMANDS } from '../../../src/cli/commands.ts'
import { fieldsFrom } from '../../../src/cli/commands/event-fields.ts'
import { runCli } from '../../../src/cli/main.ts'
import { findCommand, parseArguments } from '../../../src/cli/parse.ts'
import { keyFor, targetUrl } from '../../../src/cli/server/target.ts'
import { eventConfigPatchBody } from '../../../src/http/schemas/event-config.ts'
import { fakeIo } from './fake-io.ts'

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = fakeIo()
  const code = await runCli(COMMANDS, argv, io, '1.2.3')
  return { code, out: io.written.join('\n'), err: io.complained.join('\n') }
}

function argumentsOf(...argv: string[]) {
  const found = findCommand(COMMANDS, argv)
  if (found === null) throw new Error(`no command: ${argv.join(' ')}`)
  return parseArguments(found.command, found.rest)
}

describe('help', () => {
  it('names every command with what it does', async () => {
    const { code, out } = await run('--help')
    expect(code).toBe(0)
    for (const { name, summary } of COMMANDS) {
      expect(out).toContain(`  ${name}`)
      expect(out).toContain(summary)
    }
  })

  it.each(COMMANDS.map(({ name }) => name))(
    'usher %s --help says what it takes, with an example',
    async (name) => {
      const command = COMMANDS.find((candidate) => candidate.name === name)
      const { code, out } = await run(...name.split(' '), '--help')
      expect(code).toBe(0)
      for (const option of [...(command?.options ?? []), ...(command?.fields ?? [])]) {
        expect(out).toContain(`--${option.name}`)
        expect(out).toContain(option.summary)
      }
      expect(out).toContain('--json')
      expect(out).toMatch(new RegExp(`npx usher ${name}`))
    },
  )

  it('every example is a command line that is understood', () => {
    for (const example of COMMANDS.flatMap(({ examples }) => examples)) {
      const [line = ''] = example.replace(/^usher /, '').split(/ [|>]/)
      const words = line.match(/"[^"]*"|\S+/g) ?? []
      expect(() => argumentsOf(...words.map((word) => word.replaceAll('"', '')))).not.toThrow()
    }
  })

  it('is had with help before it, too', async () => {
    expect(await run('help')).toEqual(await run('--help'))
    expect(await run('help', 'events', 'create')).toEqual(await run('events', 'create', '--help'))
    expect(await run('help', 'explode')).toMatchObject({ code: 2 })
  })

  it('a group of commands has its own', async () => {
    expect((await run('events', '--help')).out).toContain('events sold-out <event>')
    expect((await run('events', '--help')).out).not.toContain('doctor')
  })

  it('fits a terminal of 120 columns', async () => {
    for (const command of [[], ...COMMANDS.map(({ name }) => name.split(' '))]) {
      const { out } = await run(...command, '--help')
      expect(out.split('\n').filter((line) => line.length > 120)).toEqual([])
    }
  })
})

describe('a wrong command line', () => {
  it.each([
    [[], 'Usher from the command line'],
    [['explode'], 'there is no command "explode"'],
    [['events'], 'events list'],
    [['events', 'explode'], 'after events comes one of list, show'],
    [['--url', 'http://localhost', 'events', 'list'], 'options come after the command'],
    [['events', 'show'], '<event> is missing'],
    [['events', 'show', 'no spaces'], '<event>: letters, digits'],
    [['events', 'show', 'a', 'b'], '"b" is too much'],
    [['events', 'list', '--nonsense'], "Unknown option '--nonsense'"],
    [['events', 'list', '--key', 'secret'], '--key does not exist'],
    [['events', 'list', '--timeout', '0'], '--timeout: a whole number from 1 to 300'],
    [['events', 'list', '--timeout', '1e2'], '--timeout: a whole number from 1 to 300'],
    [['events', 'set', 'a'], 'nothing to change'],
    [['events', 'set', 'a', '--capacity', '-1'], '--capacity=-1'],
    [['events', 'set', 'a', '--capacity', 'many'], '--capacity: a whole number'],
    [['events', 'set', 'a', '--public', 'maybe'], '--public: true or false'],
    [['events', 'create', 'a'], '--capacity is missing'],
    [['events', 'create', 'a', '--from', '/nonexistent/file'], '/nonexistent/file cannot be read'],
    [['events', 'list', '--url', 'nonsense'], '--url: an address such as'],
    [['events', 'list', '--url', 'http://wait.example.com'], '--url: https'],
    [['events', 'list', '--url', 'https://me:pw@wait.example.com'], 'without a user name'],
    [['events', 'list', '--url', 'https://wait.example.com'], 'no key for https://wait.example.com'],
    [['watch', 'demo', '--interval', '0'], '--interval'],
    [['keys', 'rotate', 'everything'], '<what>: one of entry, session, admin, origin'],
    [['load', '--url', 'https://wait.example.com'], 'for a server on this machine'],
  ])('%j ends with 2 and says what is wrong', async (argv, message) => {
    const { code, out, err } = await run(...argv)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(message)
  })

  it('is one line, and JSON where JSON is wanted', async () => {
    const { err } = await run('events', 'show', 'no spaces', '--json')
    expect(JSON.parse(err)).toEqual({ error: { code: 'usage', message: expect.stringContaining('<event>') } })
    expect((await run('events', 'show')).err.split('\n')).toHaveLength(1)
  })

  it('does not repeat a key that was typed', async () => {
    expect((await run('events', 'list', '--key=very-secret')).err).not.toContain('very-secret')
  })
})

it('says its version', async () => {
  expect(await run('--version')).toEqual({ code: 0, out: '1.2.3', err: '' })
})

it('a bug is told as one, with 1', async () => {
  const broken: Command = {
    name: 'broken',
    summary: '',
    takes: [],
    options: [],
    examples: [],
    run: () => Promise.reject(new TypeError('x is not\na function')),
  }
  const io = fakeIo()
  expect(await runCli([broken], ['broken'], io, '')).toBe(1)
  expect(io.complained).toEqual(['usher: a bug, please report it: x is not a function'])
})

describe('fields of an event', () => {
  it('every field has an option, and is sent as the API takes it', () => {
    const typed = {
      name: ['--name', 'Spring sale', 'Spring sale'],
      capacity: ['--capacity', '50', 50],
      poolId: ['--pool-id', 'none', null],
      admitPerMinute: ['--admit-per-minute', 'none', null],
      batchSizeMax: ['--batch-size-max', '7', 7],
      entryTokenTtlSeconds: ['--entry-token-ttl-seconds', '60', 60],
      leaseTtlSeconds: ['--lease-ttl-seconds', '60', 60],
      maxSessionSeconds: ['--max-session-seconds', '60', 60],
      disconnectGraceSeconds: ['--disconnect-grace-seconds', '0', 0],
      queueing: ['--queueing', 'lottery', 'lottery'],
      status: ['--status', 'scheduled', 'scheduled'],
      opensAt: ['--opens-at', '2026-03-01T10:00:00.000Z', '2026-03-01T10:00:00.000Z'],
      closesAt: ['--closes-at', 'none', null],
      public: ['--public', 'false', false],
    } as const
    const argv = Object.values(typed).flatMap(([option, text]) => [option, text])
    const fields = fieldsFrom(argumentsOf('events', 'set', 'sale', ...argv))
    expect(fields).toEqual(
      Object.fromEntries(Object.entries(typed).map(([name, [, , value]]) => [name, value])),
    )
    expect(eventConfigPatchBody.parse(fields)).toEqual(fields)
  })

  it('no field of the schema is left out', () => {
    const names = findCommand(COMMANDS, ['events', 'set'])?.command.fields?.map(({ name }) => name) ?? []
    const camel = names.map((name) => name.replaceAll(/-./g, (text) => text.slice(1).toUpperCase()))
    expect(camel).toEqual(Object.keys(eventConfigPatchBody.shape))
  })
})

describe('the key', () => {
  let cwd: string
  beforeEach(() => (cwd = mkdtempSync(join(tmpdir(), 'usher-cli-'))))
  afterEach(() => rmSync(cwd, { recursive: true }))

  const here = new URL('http://127.0.0.1:8787')
  const there = new URL('https://wait.example.com')

  async function keyOf(url: URL, env: Record<string, string>, ...argv: string[]): Promise<string | null> {
    const args = argumentsOf('events', 'list', ...argv)
    return keyFor({ args, io: fakeIo({ env, cwd }), isJson: false }, url, 'ADMIN_API_KEY', 'key-file')
  }

  it('comes from the file before the environment, and from .dev.vars and the local default only on this machine', async () => {
    expect(await keyOf(here, {})).toBe('dev-admin-key')
    expect(await keyOf(there, {})).toBeNull()
    writeFileSync(join(cwd, '.dev.vars'), 'ADMIN_API_KEY=of-dev-vars\n')
    expect(await keyOf(here, {})).toBe('of-dev-vars')
    expect(await keyOf(there, {})).toBeNull()
    expect(await keyOf(here, { ADMIN_API_KEY: 'of-env' })).toBe('of-env')
    expect(await keyOf(there, { ADMIN_API_KEY: 'of-env' })).toBe('of-env')
    writeFileSync(join(cwd, 'key'), 'of-file\n')
    expect(await keyOf(there, { ADMIN_API_KEY: 'of-env' }, '--key-file', 'key')).toBe('of-file')
  })

  it('that no header can carry is refused without being shown', async () => {
    const refused = keyOf(there, { ADMIN_API_KEY: 'sec ret' })
    await expect(refused).rejects.toThrow('ADMIN_API_KEY: a key is one line')
    await expect(refused).rejects.not.toThrow('sec ret')
  })

  it('the address comes from --url before USHER_URL before this machine', () => {
    const urlOf = (env: Record<string, string>, ...argv: string[]): string => {
      const args = argumentsOf('events', 'list', ...argv)
      return targetUrl({ args, io: fakeIo({ env, cwd }), isJson: false }).href
    }
    expect(urlOf({})).toBe('http://127.0.0.1:8787/')
    expect(urlOf({ USHER_URL: 'https://a.example' })).toBe('https://a.example/')
    expect(urlOf({ USHER_URL: 'https://a.example' }, '--url', 'https://b.example')).toBe('https://b.example/')
  })

  it('every command that talks to a server takes the same options for it', () => {
    const talking = COMMANDS.filter(({ options }) => options.some(({ name }) => name === 'url'))
    for (const { options } of talking)
      expect(options).toEqual(expect.arrayContaining([...SERVER_OPTIONS].slice(0, 2)))
    expect(talking.length).toBe(COMMANDS.length - 2)
  })
})
