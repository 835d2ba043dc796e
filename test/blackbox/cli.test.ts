/** `npx usher` as operators and scripts meet it: a process with an output, an exit code, and a real Usher behind it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, LOOPBACK } from '../../dev/ports.ts'
import { installCli } from '../support/cli.ts'
import type { CliRun, InstalledCli } from '../support/cli.ts'
import { ADMIN_KEY, eventually, ORIGIN_KEY, startTestUsher } from '../support/usher.ts'
import type { TestUsher } from '../support/usher.ts'

let usher: TestUsher
let cli: InstalledCli
let environment: Record<string, string>
beforeAll(async () => {
  usher = await startTestUsher()
  cli = installCli()
  environment = { USHER_URL: usher.url, ADMIN_API_KEY: ADMIN_KEY, ORIGIN_API_KEY: ORIGIN_KEY }
})
afterAll(async () => {
  cli?.remove()
  await usher?.stop()
})

function run(...argv: string[]): Promise<CliRun> {
  return cli.run(argv, environment)
}

async function json(...argv: string[]): Promise<any> {
  const { code, out, err } = await run(...argv, '--json')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return JSON.parse(out)
}

describe('events', () => {
  it('a whole sale: created, changed, paused, resumed, closed and deleted, each acting at the server', async () => {
    const created = await json('events', 'create', 'life', '--capacity', '3', '--name', '봄 세일')
    expect(created).toMatchObject({ eventId: 'life', capacity: 3, name: '봄 세일', status: 'open' })
    const changed = await json('events', 'set', 'life', '--capacity', '5', '--admit-per-minute', '60')
    expect(changed).toMatchObject({ capacity: 5, admitPerMinute: 60 })
    expect(await json('events', 'set', 'life', '--admit-per-minute', 'none')).toMatchObject({
      admitPerMinute: null,
    })
    for (const [action, status] of [
      ['pause', 'paused'],
      ['resume', 'open'],
      ['sold-out', 'sold_out'],
      ['open', 'open'],
      ['close', 'closed'],
    ] as const) {
      expect(await json('events', action, 'life')).toMatchObject({ status })
      expect((await usher.api.status('life')).body.status).toBe(status)
    }
    expect(await json('events', 'show', 'life')).toMatchObject({ status: 'closed' })
    expect(await json('events', 'delete', 'life')).toEqual({ eventId: 'life', deleted: true })
    expect((await usher.api.status('life')).status).toBe(404)
  })

  it('list has every event, for people and for programs', async () => {
    await run('events', 'create', 'listed', '--capacity', '7', '--name', 'Listed sale')
    const { events } = await json('events', 'list')
    expect(events).toContainEqual(expect.objectContaining({ eventId: 'listed', capacity: 7 }))
    const { out } = await run('events', 'list')
    expect(out).toMatch(/^EVENT +STATUS +WAITING +INSIDE/)
    expect(out).toMatch(/^listed +open +0 +0 of 7 +- +Listed sale$/m)
  })

  it('create takes a file, options go before it, and what exists is left alone unless told otherwise', async () => {
    writeFileSync(join(cli.cwd, 'event.json'), JSON.stringify({ capacity: 9, public: false }))
    const fromFile = await json('events', 'create', 'filed', '--from', 'event.json', '--capacity', '4')
    expect(fromFile).toMatchObject({ capacity: 4, public: false })
    const again = await run('events', 'create', 'filed', '--capacity', '8')
    expect(again).toMatchObject({ code: 1, out: '', err: expect.stringContaining('events set') })
    expect((await usher.api.status('filed')).body.capacity).toBe(4)
    expect(await json('events', 'create', 'filed', '--capacity', '8', '--replace')).toMatchObject({
      capacity: 8,
    })
  })

  it('delete --close ends an open event; without it the answer says what to do', async () => {
    await run('events', 'create', 'ending', '--capacity', '1')
    expect(await run('events', 'delete', 'ending')).toMatchObject({
      code: 1,
      err: expect.stringContaining('usher events delete --close'),
    })
    expect(await run('events', 'delete', 'ending', '--close')).toMatchObject({
      code: 0,
      out: 'ending is deleted\n',
    })
  })
})

describe('what goes wrong', () => {
  it('the fields that the server refuses are named, with 1', async () => {
    const { code, out, err } = await run(
      'events',
      'create',
      'refused',
      '--capacity',
      '5',
      '--batch-size-max',
      '0',
    )
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(/^usher: .*batchSizeMax: .+\n$/)
  })

  it('an action that does not lead there says what the event is, with 1', async () => {
    await run('events', 'create', 'shut', '--capacity', '1', '--status', 'closed')
    const { code, err } = await run('events', 'pause', 'shut')
    expect(code).toBe(1)
    expect(err).toContain('The event is closed.')
  })

  it('an event that is not there is 1, as JSON where JSON is wanted', async () => {
    const { code, out, err } = await run('events', 'show', 'nowhere', '--json')
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(JSON.parse(err)).toEqual({
      error: { code: 'event-not-found', message: expect.stringContaining('events list') },
    })
  })

  it('a key that is not the operator’s is 4, and is not repeated', async () => {
    const wrong = await cli.run(['events', 'list'], { ...environment, ADMIN_API_KEY: 'wrong-key' })
    expect(wrong).toMatchObject({ code: 4, out: '' })
    expect(wrong.err).toContain('ADMIN_API_KEY')
    expect(wrong.err).not.toContain('wrong-key')
    const shop = await cli.run(['events', 'list'], { ...environment, ADMIN_API_KEY: ORIGIN_KEY })
    expect(shop).toMatchObject({ code: 4, err: expect.stringContaining("operator's key") })
  })

  it('no server is 3, a server that does not answer in time too', async () => {
    const dead = `http://${LOOPBACK}:${await freePort()}`
    expect(await run('events', 'list', '--url', dead)).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringContaining('does not answer'),
    })
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, LOOPBACK, resolve))
    try {
      const url = `http://${LOOPBACK}:${(silent.address() as AddressInfo).port}`
      const { code, err } = await run('events', 'list', '--url', url, '--timeout', '1')
      expect(code).toBe(3)
      expect(err).toContain('no answer within 1 s')
    } finally {
      silent.closeAllConnections()
      silent.close()
    }
  })

  it('a server that is no Usher, or points elsewhere, never gets a second call', async () => {
    const seen: string[] = []
    const other = createServer((request, response) => {
      seen.push(request.url ?? '')
      if (request.url === '/api/v1/admin/events') response.writeHead(302, { location: '/elsewhere' }).end()
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{"hello":"world"}')
    })
    await new Promise<void>((resolve) => other.listen(0, LOOPBACK, resolve))
    try {
      const url = `http://${LOOPBACK}:${(other.address() as AddressInfo).port}`
      expect(await run('events', 'list', '--url', url)).toMatchObject({
        code: 1,
        err: expect.stringContaining('redirects to /elsewhere'),
      })
      expect(await run('events', 'show', 'sale', '--url', url)).toMatchObject({
        code: 1,
        err: expect.stringContaining('something else than the contract says'),
      })
      expect(seen).toEqual(['/api/v1/admin/events', '/api/v1/admin/events/sale'])
    } finally {
      other.close()
    }
  })

  it('a wrong command line is 2 and asks nobody', async () => {
    expect(await cli.run(['events', 'show', '-bad-'], { USHER_URL: 'http://127.0.0.1:1' })).toMatchObject({
      code: 2,
    })
  })
})

describe('watch', () => {
  it('prints a line for each look where there is no terminal, with what happens in between', async () => {
    const eventId = await usher.api.event({ capacity: 2 })
    const watching = cli.start(['watch', eventId, '--json'], environment)
    await eventually(() => (watching.out.includes('\n') ? true : null))
    for (const visitor of await usher.api.visitors(5)) await usher.api.join(eventId, visitor)
    const samples = (): any[] =>
      watching.out
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
    const last = await eventually(
      () => samples().find(({ admitted, waiting }) => admitted === 2 && waiting === 3) ?? null,
    )
    expect(last).toMatchObject({
      eventId,
      capacity: 2,
      joinedTotal: 5,
      admittedTotal: 2,
      status: 'open',
      holding: false,
    })
    expect(samples()[0]).toMatchObject({ joinedPerSecond: null })
    expect(Math.max(...samples().map(({ joinedPerSecond }) => joinedPerSecond ?? 0))).toBeGreaterThan(0)
    watching.kill('SIGINT')
    expect(await watching.ended).toMatchObject({ code: 0, err: '' })
    expect(watching.out).not.toContain('\u001B')
  })

  it('ends by itself after --count looks, a line each', async () => {
    const eventId = await usher.api.event()
    const { code, out } = await run('watch', eventId, '--count', '2')
    expect(code).toBe(0)
    expect(out.trim().split('\n')).toHaveLength(2)
    expect(out).toMatch(/^\S+Z {2}open {2}waiting 0 {2}present 0 {2}inside 0 of 10 /m)
  })

  it('goes on while the server is away, and ends with 1 when the event is gone', async () => {
    const eventId = await usher.api.event()
    let isAway = false
    const proxy = createServer((request, response) => {
      if (isAway) return void request.socket.destroy()
      fetch(usher.url + (request.url ?? ''), {
        headers: { authorization: request.headers.authorization ?? '' },
      }).then(
        async (answer) =>
          response
            .writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
            .end(await answer.text()),
        () => request.socket.destroy(),
      )
    })
    await new Promise<void>((resolve) => proxy.listen(0, LOOPBACK, resolve))
    try {
      const url = `http://${LOOPBACK}:${(proxy.address() as AddressInfo).port}`
      const watching = cli.start(['watch', eventId, '--json', '--url', url], environment)
      const lines = (): number => watching.out.split('\n').length - 1
      await eventually(() => (lines() > 0 ? true : null))
      isAway = true
      await eventually(() => (watching.err.includes('does not answer') ? true : null))
      const before = lines()
      isAway = false
      await eventually(() => (lines() > before ? true : null))
      await run('events', 'delete', eventId, '--close')
      expect(await watching.ended).toMatchObject({ code: 1, err: expect.stringContaining('event-not-found') })
    } finally {
      proxy.closeAllConnections()
      proxy.close()
    }
  })

  it('an event that is not there ends it at once', async () => {
    expect(await run('watch', 'nowhere')).toMatchObject({ code: 1, out: '' })
  })
})

describe('load', () => {
  it('sends a crowd through, keeps every promise, and leaves nothing behind', async () => {
    const argv = [
      'load',
      '--fans',
      '20',
      '--capacity',
      '5',
      '--shop-seconds',
      '0.1..0.3',
      '--event',
      'crowd',
      '--json',
    ]
    const { code, out } = await run(...argv)
    expect(JSON.parse(out)).toMatchObject({
      fans: 20,
      broken: [],
      overCapacityInstants: 0,
      failed: 0,
      unfinished: 0,
    })
    expect(code).toBe(0)
    expect((await usher.api.status('crowd')).status).toBe(404)
  })

  it('interrupted, ends with 130 and still leaves nothing behind', async () => {
    const argv = ['load', '--fans', '20', '--capacity', '1', '--shop-seconds', '30..60', '--event', 'stopped']
    const loading = cli.start(argv, environment)
    await eventually(async () => ((await usher.api.status('stopped')).body.waiting > 0 ? true : null), 15_000)
    loading.kill('SIGINT')
    expect(await loading.ended).toMatchObject({ code: 130, err: 'usher: interrupted\n' })
    expect((await usher.api.status('stopped')).status).toBe(404)
  })

  it('without a server is 3', async () => {
    expect(await run('load', '--url', `http://${LOOPBACK}:${await freePort()}`)).toMatchObject({ code: 3 })
  })
})

describe('keys', () => {
  it('a rotated key signs what the server then issues, and the old one still verifies', async () => {
    const before = await usher.api.request('GET', '/.well-known/jwks.json')
    const [old] = before.body.keys as { kid: string }[]
    writeFileSync(
      join(cli.cwd, 'production.vars'),
      `ENTRY_TOKEN_PRIVATE_JWKS='${usher.runtime.variables['ENTRY_TOKEN_PRIVATE_JWKS']}'\n`,
    )
    const file = ['--file', 'production.vars']
    expect(await json('keys', 'rotate', 'entry', ...file)).toMatchObject({ step: 'publish' })
    expect(await json('keys', 'rotate', 'entry', ...file)).toMatchObject({ step: 'sign' })
    const { out: value } = await run('keys', 'print', 'ENTRY_TOKEN_PRIVATE_JWKS', ...file)
    const rotated = await startTestUsher({ ENTRY_TOKEN_PRIVATE_JWKS: value.trim() })
    try {
      const { body } = await rotated.api.request('GET', '/.well-known/jwks.json')
      const [first, second] = body.keys as { kid: string }[]
      expect(second?.kid).toBe(old?.kid)
      const eventId = await rotated.api.event()
      const [visitor] = await rotated.api.visitors(1)
      if (visitor === undefined) throw new Error('no visitor')
      await rotated.api.join(eventId, visitor)
      const { entryToken } = await rotated.api.admitted(eventId, visitor)
      const [header = ''] = String(entryToken).split('.')
      expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ kid: first?.kid })
      expect((await rotated.api.redeem(entryToken, 'session')).status).toBe(200)
    } finally {
      await rotated.stop()
    }
    expect(readFileSync(join(cli.cwd, 'production.vars'), 'utf8')).toContain(old?.kid)
  })
})

describe('doctor', () => {
  async function checkup(extra: Record<string, string> = {}, ...argv: string[]) {
    const { code, out, err } = await cli.run(['doctor', '--json', ...argv], { ...environment, ...extra })
    expect(err).toBe('')
    const { ok, checks } = JSON.parse(out) as {
      ok: boolean
      checks: { name: string; state: string; detail: string; action: string | null }[]
    }
    expect(ok).toBe(code === 0)
    return {
      code,
      named: (name: string) => checks.find((check) => check.name === name),
      failed: checks.filter(({ state }) => state === 'fail').map(({ name }) => name),
      checks,
    }
  }
  const redis = (): Record<string, string> => ({
    UPSTASH_REDIS_REST_URL: usher.runtime.variables['UPSTASH_REDIS_REST_URL'] ?? '',
    UPSTASH_REDIS_REST_TOKEN: usher.runtime.variables['UPSTASH_REDIS_REST_TOKEN'] ?? '',
  })

  it('finds nothing to mend in an Usher that is well, and asks the same of Redis, Lua and clock included', async () => {
    const { code, failed, checks, named } = await checkup(redis())
    expect({ code, failed }).toEqual({ code: 0, failed: [] })
    for (const name of ['variables', 'server', 'clock', 'admin-key', 'origin-key', 'entry-keys', 'events']) {
      expect(named(name), name).toMatchObject({ state: 'ok' })
    }
    expect(named('redis')).toMatchObject({ state: 'ok', detail: expect.stringContaining('runs Lua') })
    expect(named('redis-clock')).toMatchObject({ state: 'ok' })
    // What is not well says what to do, and only that.
    for (const { state, action } of checks) expect(action === null).toBe(state === 'ok')
  })

  it.each([
    ['admin-key', { ADMIN_API_KEY: 'wrong' }],
    ['admin-key', { ADMIN_API_KEY: ORIGIN_KEY, ORIGIN_API_KEY: ADMIN_KEY }],
    ['origin-key', { ORIGIN_API_KEY: 'wrong' }],
    ['variables', { ENTRY_TOKEN_ALG: 'none' }],
    ['shop-url', { SHOP_URL: 'nonsense' }],
  ])('%s fails with %j', async (name, wrong) => {
    const { code, failed } = await checkup(wrong)
    expect(code).toBe(1)
    expect(failed).toContain(name)
  })

  it('a server that is not there fails once, and not with every check that needs it', async () => {
    const { code, failed } = await checkup({}, '--url', `http://${LOOPBACK}:${await freePort()}`)
    expect({ code, failed }).toEqual({ code: 1, failed: ['server'] })
  })

  it('a Redis that is away fails at the server and directly; the rest is still checked', async () => {
    usher.runtime.front?.faults.set({ outage: true })
    try {
      const { code, failed, named } = await checkup(redis())
      expect({ code, failed }).toEqual({ code: 1, failed: ['server', 'redis'] })
      expect(named('server')?.detail).toContain('redis')
      expect(named('admin-key')).toMatchObject({ state: 'ok' })
    } finally {
      usher.runtime.front?.faults.clear()
    }
    await eventually(async () => ((await usher.api.request('GET', '/healthz')).status === 200 ? true : null))
  })

  it('the token of Redis is not sent in clear to another machine', async () => {
    const { failed, named } = await checkup({ ...redis(), UPSTASH_REDIS_REST_URL: 'http://redis.example' })
    expect(failed).toEqual(['variables'])
    expect(named('variables')?.detail).toContain('UPSTASH_REDIS_REST_URL must be an https URL')
    expect(named('redis')).toBeUndefined()
  })

  it('a token that Redis refuses is told as that', async () => {
    const { named } = await checkup({ ...redis(), UPSTASH_REDIS_REST_TOKEN: 'wrong' })
    expect(named('redis')).toMatchObject({ state: 'fail', detail: 'it refuses the token' })
  })

  it('a server whose clock is wrong fails', async () => {
    const late = createServer((_request, response) => {
      response.setHeader('date', new Date(Date.now() - 120_000).toUTCString())
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('{"status":"ok","checks":{}}')
    })
    await new Promise<void>((resolve) => late.listen(0, LOOPBACK, resolve))
    try {
      const url = `http://${LOOPBACK}:${(late.address() as AddressInfo).port}`
      const { named } = await checkup({}, '--url', url)
      expect(named('clock')).toMatchObject({ state: 'fail', detail: expect.stringContaining('s behind') })
    } finally {
      late.close()
    }
  })

  it('a deployment that refuses to serve is told what is wrong', async () => {
    const broken = createServer((_request, response) => {
      response.writeHead(503, { 'content-type': 'application/problem+json' })
      response.end('{"code":"misconfigured","detail":"d","status":503}')
    })
    await new Promise<void>((resolve) => broken.listen(0, LOOPBACK, resolve))
    try {
      const url = `http://${LOOPBACK}:${(broken.address() as AddressInfo).port}`
      const { failed, named } = await checkup({}, '--url', url)
      expect(failed).toEqual(['server'])
      expect(named('server')?.action).toContain('configuration_refused')
    } finally {
      broken.close()
    }
  })

  it('an event whose id Queue-it’s tokens cannot carry fails where those are used', async () => {
    await run('events', 'create', 'under_score', '--capacity', '1')
    expect((await checkup()).failed).toEqual([])
    const { failed, named } = await checkup({
      QUEUE_IT_SECRET_KEY: 'x'.repeat(40),
      QUEUE_IT_TARGETS: 'https://shop.example',
    })
    expect(failed).toEqual(['queue-it'])
    expect(named('queue-it')?.detail).toContain('under_score')
    await run('events', 'delete', 'under_score', '--close')
  })

  it('shows no key', async () => {
    const session = 'session-secret-of-at-least-32-characters'
    const addresses = redis()
    const { out } = await cli.run(['doctor'], { ...environment, ...addresses, SESSION_SECRET: session })
    expect(out).toContain('in order')
    for (const secret of [ADMIN_KEY, ORIGIN_KEY, session, addresses['UPSTASH_REDIS_REST_TOKEN'] ?? '']) {
      expect(secret).not.toBe('')
      expect(out).not.toContain(secret)
    }
  })
})
