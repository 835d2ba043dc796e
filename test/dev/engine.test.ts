/** The engines: which one is chosen, that they are alone, what they keep, and that they go. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isPortFree } from '../../dev/ports.ts'
import { identify } from '../../dev/processes.ts'
import { startEmbedded } from '../../dev/redis/embedded.ts'
import { chooseEngine, startEngine, type Engine } from '../../dev/redis/engine.ts'
import { findServer } from '../../dev/redis/native.ts'
import { ReplyError, type Reply } from '../../dev/redis/resp-parser.ts'
import { RespClient, RespConnectionError, type Command } from '../../dev/redis/resp.ts'
import { engines, type TestEngineKind } from '../support/redis.ts'

const PATH = process.env['PATH'] ?? ''

let stateDir: string
const open: Engine[] = []
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'usher-engine-'))
})
afterEach(async () => {
  for (const engine of open.splice(0)) await engine.stop()
  rmSync(stateDir, { recursive: true })
})

async function start(kind: TestEngineKind): Promise<Engine> {
  const choice = chooseEngine({ PATH, USHER_REDIS: kind }, stateDir)
  if (choice.kind === 'upstash') throw new Error('Upstash is no engine')
  const engine = await startEngine(choice)
  open.push(engine)
  return engine
}

async function ask(engine: Engine, ...command: Command): Promise<Reply | string> {
  const client = new RespClient(engine)
  try {
    const [reply] = await client.send([command])
    return Buffer.isBuffer(reply) ? reply.toString() : (reply ?? null)
  } finally {
    client.close()
  }
}

describe('choice', () => {
  const upstash = { UPSTASH_REDIS_REST_URL: 'https://x.upstash.io', UPSTASH_REDIS_REST_TOKEN: 't' }
  const external = { REDIS_URL: 'redis://10.0.0.1:7000' }
  const server = findServer(PATH)

  it.each([
    ['Upstash before everything else', { ...upstash, ...external, PATH }, 'upstash'],
    ['REDIS_URL before an installed server', { ...external, PATH }, 'external'],
    ['an installed server before the embedded one', { PATH }, server === null ? 'embedded' : 'native'],
    ['the embedded one when nothing is installed', { PATH: '/nonexistent' }, 'embedded'],
    ['the embedded one when it is asked for', { PATH, USHER_REDIS: 'embedded' }, 'embedded'],
  ])('%s', (_, env, kind) => {
    expect(chooseEngine(env, stateDir).kind).toBe(kind)
  })

  it.each([
    [{ UPSTASH_REDIS_REST_URL: 'https://x.upstash.io' }, 'without UPSTASH_REDIS_REST_TOKEN'],
    [{ USHER_REDIS: 'native', PATH: '/nonexistent' }, 'neither redis-server nor valkey-server'],
    [{ USHER_REDIS: 'docker' }, 'may be "embedded" or "native"'],
  ])('settings that cannot be met are refused: %j', (env, text) => {
    expect(() => chooseEngine(env, stateDir)).toThrow(text)
  })

  it('an address of another server is taken apart', async () => {
    const engine = await startEngine({ kind: 'external', url: 'redis://me:p%40ss@redis.example:7000/3' })
    expect(engine).toMatchObject({
      host: 'redis.example',
      port: 7000,
      username: 'me',
      password: 'p@ss',
      database: 3,
    })
    expect(engine.description).not.toContain('p@ss')
    await expect(startEngine({ kind: 'external', url: 'localhost:6379' })).rejects.toThrow('redis://')
  })
})

describe.each(engines())('%s', (kind) => {
  it('answers as soon as it has started, and is gone when it has stopped', async () => {
    const engine = await start(kind)
    const { pid } = engine
    expect(await ask(engine, 'ECHO', 'x')).toBe('x')
    await engine.stop()
    await engine.stop()
    await expect(ask(engine, 'PING')).rejects.toThrow(RespConnectionError)
    expect(await isPortFree(engine.port)).toBe(true)
    if (pid !== undefined) expect(identify(pid)).toBeNull()
  })

  it('two of them share nothing', async () => {
    const [first, second] = [await start(kind), await startEmbedded()]
    open.push(second)
    await ask(first, 'SET', 'k', 'v')
    expect(await ask(second, 'GET', 'k')).toBeNull()
  })

  it('comes back on the same port after a crash', async () => {
    const engine = await start(kind)
    const { pid, port } = engine
    await engine.kill?.()
    await expect(ask(engine, 'PING')).rejects.toThrow(RespConnectionError)
    await engine.restart?.()
    expect(await ask(engine, 'ECHO', 'x')).toBe('x')
    expect(engine.port).toBe(port)
    if (pid !== undefined) expect(engine.pid).not.toBe(pid)
  })

  it('stays down after a deliberate kill', async () => {
    const engine = await start(kind)
    await engine.kill?.()
    await engine.stop()
    expect(await isPortFree(engine.port)).toBe(true)
  })

  it('serves a deeply nested reply, or refuses it, and lives on', async () => {
    const engine = await start(kind)
    const reply = await ask(engine, 'EVAL', 'local t = {} for i = 1, 5000 do t = {t} end return t', '0')
    expect(Array.isArray(reply) || reply instanceof ReplyError).toBe(true)
    expect(await ask(engine, 'ECHO', 'x')).toBe('x')
  })

  it('answers a thousand calls one after the other in less than a second or two', async () => {
    const engine = await start(kind)
    const client = new RespClient(engine)
    const startMs = performance.now()
    for (let call = 0; call < 1_000; call++) await client.send([['INCR', 'n']])
    client.close()
    expect(performance.now() - startMs).toBeLessThan(2_000)
  })
})

it.runIf(engines().includes('native'))(
  'a native server has its data again after a crash and in the next run',
  async () => {
    const engine = await start('native')
    await ask(engine, 'SET', 'k', 'v')
    await engine.restart?.()
    expect(await ask(engine, 'GET', 'k')).toBe('v')
    await engine.stop()
    expect(await ask(await start('native'), 'GET', 'k')).toBe('v')
  },
)

it('the clock of the embedded engine can be moved forward', async () => {
  const engine = await start('embedded')
  await ask(engine, 'SET', 'k', 'v', 'EX', '3600')
  await engine.advanceClock?.(3_599_000)
  expect(await ask(engine, 'GET', 'k')).toBe('v')
  await engine.advanceClock?.(1_000)
  expect(await ask(engine, 'GET', 'k')).toBeNull()
})

it('an embedded engine whose port is taken does not start', async () => {
  const { port } = await start('embedded')
  await expect(startEmbedded({ port })).rejects.toThrow('EADDRINUSE')
})
