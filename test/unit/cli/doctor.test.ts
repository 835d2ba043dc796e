import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { clockCheck } from '../../../src/cli/doctor/clock-check.ts'
import { keyAgeCheck } from '../../../src/cli/doctor/server-checks.ts'
import {
  corsCheck,
  fileModeCheck,
  queueItCheck,
  shopUrlCheck,
  variablesCheck,
} from '../../../src/cli/doctor/settings-checks.ts'
import { parseToml } from '../../../src/cli/doctor/toml.ts'
import { OBJECTS, RATE_LIMITERS, wranglerReport } from '../../../src/cli/doctor/wrangler-checks.ts'
import { newSigningKey } from '../../../src/cli/keys/signing-keys.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const WRANGLER = readFileSync(`${ROOT}/wrangler.toml`, 'utf8')

/** As one would compare it: without the null prototypes. */
function tomlOf(text: string): unknown {
  return JSON.parse(JSON.stringify(parseToml(text)))
}

describe('TOML', () => {
  it('is read as wrangler.toml uses it', () => {
    const text = `
      # a comment
      name = "usher" # another
      count = 1_000
      ratio = -1.5
      on = true
      path = 'C:\\no\\escapes'
      text = "tab\\t quote\\" \\u00e9"
      "a key" = 2026-01-01T00:00:00Z
      routes = [
        { pattern = "a.example", custom_domain = true }, # trailing
        { pattern = "b.example" },
      ]
      site.bucket = "./public"
      long = """
one
two"""

      [a.b]
      c = []
      [[list]]
      n = 1
      [list.inner]
      m = 2
      [[list]]
      n = 3
    `
    expect(tomlOf(text)).toEqual({
      name: 'usher',
      count: 1_000,
      ratio: -1.5,
      on: true,
      path: 'C:\\no\\escapes',
      text: 'tab\t quote" é',
      'a key': '2026-01-01T00:00:00Z',
      routes: [{ pattern: 'a.example', custom_domain: true }, { pattern: 'b.example' }],
      site: { bucket: './public' },
      long: 'one\ntwo',
      a: { b: { c: [] } },
      list: [{ n: 1, inner: { m: 2 } }, { n: 3 }],
    })
  })

  it('a key that JavaScript knows otherwise is a key like any other', () => {
    const table = parseToml('__proto__ = 1\n[constructor]\nx = 1')
    expect(Object.keys(table)).toEqual(['__proto__', 'constructor'])
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  it.each([
    ['a = ', 1],
    ['a 1', 1],
    ['\na = "open', 2],
    ['a = [1 2]', 1],
    ['\n\n[a', 3],
    ['a = 1 b = 2', 1],
    ['a = "\\x"', 1],
    ['a = yes', 1],
    ['a = 1\na.b = 2', 2],
  ])('%j: the line that cannot be read is named', (text, line) => {
    expect(() => parseToml(text)).toThrow(`line ${line} cannot be read`)
  })
})

describe('wrangler.toml', () => {
  it('that comes with Usher is in order', () => {
    const { checks, vars } = wranglerReport(WRANGLER)
    expect(checks.map(({ name, state }) => [name, state])).toEqual([
      ['bindings', 'ok'],
      ['migrations', 'ok'],
      ['queues', 'ok'],
      ['cron', 'ok'],
      ['vars', 'ok'],
    ])
    expect(vars).toEqual({ USHER_STAGE: 'production' })
  })

  it('every object that the Worker exports, and every binding of the file, is checked', () => {
    const worker = readFileSync(`${ROOT}/src/worker.ts`, 'utf8')
    const exported = Array.from(worker.matchAll(/^export \{ (\w+(?:, \w+)*) \} from /gm), ([, names = '']) =>
      names.split(', '),
    ).flat()
    expect(Object.values(OBJECTS).toSorted()).toEqual(exported.toSorted())
    const { durable_objects: objects, ratelimits } = tomlOf(WRANGLER) as {
      durable_objects: { bindings: { name: string; class_name: string }[] }
      ratelimits: { name: string }[]
    }
    expect(OBJECTS).toEqual(
      Object.fromEntries(objects.bindings.map((binding) => [binding.name, binding.class_name])),
    )
    expect([...RATE_LIMITERS]).toEqual(ratelimits.map(({ name }) => name))
  })

  it.each([
    ['bindings', 'name = "JOIN_SHARD"', 'name = "JOINS"', 'JOIN_SHARD (class JoinShard)'],
    ['bindings', 'class_name = "EventLine"', 'class_name = "Line"', 'EVENT_LINE (class EventLine)'],
    ['bindings', 'name = "SESSION_LIMIT"', 'name = "OTHER"', 'SESSION_LIMIT'],
    ['bindings', 'binding = "RECORDS"', 'binding = "CLAIMS"', 'RECORDS'],
    ['bindings', 'binding = "ASSETS"', 'binding = "FILES"', 'ASSETS'],
    ['migrations', '"JoinShard", ', '', 'no migration for JoinShard'],
    ['migrations', 'new_sqlite_classes = ["J', 'new_classes = ["J', 'no SQLite'],
    ['queues', 'binding = "WEBHOOKS"', 'binding = "HOOKS"', 'a producer WEBHOOKS of usher-webhooks'],
    ['queues', 'binding = "CLAIMS"', 'binding = "HOOKS"', 'a producer CLAIMS of usher-claims'],
    ['queues', 'dead_letter_queue = "usher-webhooks-dead"', '', 'usher-webhooks-dead as dead_letter_queue'],
    ['queues', 'queue = "usher-webhooks-dead"\nmax', 'queue = "x"\nmax', 'a consumer of usher-webhooks-dead'],
    ['queues', 'queue = "usher-webhooks"\nmax', 'queue = "x"\nmax', 'a consumer of usher-webhooks'],
    ['cron', '["* * * * *"]', '["0 * * * *"]', 'not run each minute'],
    ['vars', 'USHER_STAGE = "production"', 'USHER_STAGE = "local"', 'known keys'],
    ['vars', 'USHER_STAGE = "production"', 'ADMIN_API_KEY = "abc"', 'ADMIN_API_KEY'],
    ['wrangler', '[triggers]', '[triggers', 'cannot be read'],
    ['wrangler', 'crons = [', 'crons = [1, ', 'triggers.crons.0 is not as expected'],
  ])('%s fails when %s is %s', (name, before, after, detail) => {
    expect(WRANGLER).toContain(before)
    const { checks } = wranglerReport(WRANGLER.replace(before, after))
    const failed = checks.filter(({ state }) => state === 'fail')
    expect(failed).toEqual([
      { name, state: 'fail', detail: expect.stringContaining(detail), action: expect.any(String) },
    ])
    expect(JSON.stringify(checks)).not.toContain('abc')
  })

  it('that is not there is a warning', () => {
    expect(wranglerReport(null).checks).toMatchObject([{ state: 'warn' }])
  })
})

describe('variables', () => {
  it('nothing needs to be set for a local run, and nothing here for a deployment', () => {
    expect(variablesCheck({}, 'local')).toMatchObject({ state: 'ok' })
    expect(variablesCheck({ USHER_STAGE: 'production' }, 'deployment')).toMatchObject({ state: 'ok' })
    const onlyTheAddress = { UPSTASH_REDIS_REST_URL: 'https://redis.example' }
    expect(variablesCheck(onlyTheAddress, 'deployment')).toMatchObject({ state: 'ok' })
  })

  it.each([
    ['local', { ENTRY_TOKEN_ALG: 'none' }, 'ENTRY_TOKEN_ALG must be one of'],
    ['local', { ORIGIN_API_KEY: 'dev-admin-key' }, 'ORIGIN_API_KEY must differ'],
    ['local', { UPSTASH_REDIS_REST_URL: 'https://redis.example' }, 'UPSTASH_REDIS_REST_TOKEN is missing'],
    ['local', { SESSION_SECRET: 'short' }, 'SESSION_SECRET must have at least'],
    ['deployment', { ADMIN_API_KEY: 'dev-admin-key' }, 'ADMIN_API_KEY must have at least 16'],
    ['deployment', { IDENTITY_ISSUER: 'me' }, 'IDENTITY_JWKS_URL is missing'],
    ['deployment', { CORS_ORIGINS: 'https://shop.example/' }, 'CORS_ORIGINS must be'],
  ] as const)('%s: %j is a fault, told without the value', (stage, settings, detail) => {
    const check = variablesCheck(settings, stage)
    expect(check).toMatchObject({ state: 'fail', detail: expect.stringContaining(detail) })
    expect(JSON.stringify(check)).not.toContain('dev-admin-key')
  })

  it('a file of secrets that others may read is a warning', () => {
    expect(fileModeCheck('.dev.vars', 0o600)).toMatchObject([{ state: 'ok' }])
    expect(fileModeCheck('.dev.vars', 0o644)).toMatchObject([
      { state: 'warn', action: 'chmod 600 .dev.vars' },
    ])
    expect(fileModeCheck('.dev.vars', null)).toEqual([])
  })

  it.each([
    [{}, 'deployment', 'warn'],
    [{ SHOP_URL: 'https://shop.example/enter' }, 'deployment', 'ok'],
    [{ SHOP_URL: 'http://localhost:3000' }, 'local', 'ok'],
    [{ SHOP_URL: 'http://localhost:3000' }, 'deployment', 'fail'],
    [{ SHOP_URL: 'shop' }, 'local', 'fail'],
  ] as const)('the shop: %j in a %s run is %s', (settings, stage, state) => {
    expect(shopUrlCheck(settings, stage)).toMatchObject({ state })
  })

  it.each([
    [{}, 'deployment', 'ok'],
    [{ CORS_ORIGINS: 'https://shop.example' }, 'deployment', 'ok'],
    [{ CORS_ORIGINS: 'https://shop.example,http://localhost:3000' }, 'deployment', 'warn'],
    [{ CORS_ORIGINS: 'http://shop.example' }, 'deployment', 'warn'],
    [{ CORS_ORIGINS: 'http://localhost:3000' }, 'local', 'ok'],
  ] as const)('other sites: %j in a %s run is %s', (settings, stage, state) => {
    expect(corsCheck(settings, stage)).toMatchObject({ state })
  })

  it('with the tokens of Queue-it an event with _ in its id fails, and without them nothing is said', () => {
    const settings = { QUEUE_IT_SECRET_KEY: 'secret' }
    expect(queueItCheck({}, ['a_b'])).toEqual([])
    expect(queueItCheck(settings, ['a-b'])).toMatchObject([{ state: 'ok' }])
    expect(queueItCheck(settings, ['a_b', 'c'])).toMatchObject([
      { state: 'fail', detail: expect.stringContaining(': a_b') },
    ])
  })
})

describe('clocks', () => {
  const at = (theirsMs: number) =>
    clockCheck('clock', 'the server', {
      theirsMs,
      resolutionMs: 1_000,
      askedAtMs: 100_000,
      answeredAtMs: 101_000,
    })

  it.each([
    [100_000, 'ok'],
    [98_000, 'ok'],
    [96_000, 'warn'],
    [104_000, 'warn'],
    [30_000, 'fail'],
    [170_000, 'fail'],
  ])('one that says %i between 100000 and 101000 is %s', (theirsMs, state) => {
    expect(at(theirsMs)).toMatchObject({ state })
  })

  it('a slow answer is not taken for a wrong clock', () => {
    const reading = { theirsMs: 100_000, resolutionMs: 0, askedAtMs: 100_000, answeredAtMs: 190_000 }
    expect(clockCheck('clock', 'it', reading)).toMatchObject({ state: 'ok' })
  })

  it('says which way it is wrong', () => {
    expect(at(90_000).detail).toContain('9 s behind')
    expect(at(111_000).detail).toContain('10 s ahead')
  })
})

describe('the age of keys', () => {
  const DAY_MS = 86_400_000
  const NOW_MS = Date.parse('2026-03-01T10:00:00Z')
  const aged = (days: number): string => newSigningKey(NOW_MS - days * DAY_MS).kid

  it.each([
    ['a new key', [aged(1)], 'ok'],
    ['a key of more than a year', [aged(400)], 'warn'],
    ['a key of unknown age', ['made-by-hand'], 'ok'],
    ['a rotation of today', [aged(400), aged(0)], 'ok'],
    ['a rotation that was forgotten', [aged(400), aged(40)], 'warn'],
  ])('%s', (_title, kids, state) => {
    expect(keyAgeCheck(kids, NOW_MS)).toMatchObject({ state })
  })

  it('is told in days, or as unknown', () => {
    expect(keyAgeCheck([aged(1)], NOW_MS).detail).toMatch(/\(1 day\)$/)
    expect(keyAgeCheck([aged(12)], NOW_MS).detail).toMatch(/\(12 days\)$/)
    expect(keyAgeCheck(['x'], NOW_MS).detail).toBe('x (age unknown)')
  })
})
