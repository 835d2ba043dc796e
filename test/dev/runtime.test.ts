/** A whole Usher in this process: what it keeps over restarts and crashes, and that it cleans up after itself. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { identify } from '../../dev/processes.ts'
import { startUsher, type UsherRuntime } from '../../dev/runtime.ts'
import { engines } from '../support/redis.ts'
import { Api, BUNDLE_DIR } from '../support/usher.ts'

const KEYS = { ADMIN_API_KEY: 'test-admin-key', ORIGIN_API_KEY: 'test-origin-key' }

let stateDir: string
const running: UsherRuntime[] = []
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'usher-runtime-'))
})
afterEach(async () => {
  for (const usher of running.splice(0)) await usher.stop()
  rmSync(stateDir, { recursive: true })
})

async function start(redis = 'embedded'): Promise<UsherRuntime> {
  const settings = { PATH: process.env['PATH'], USHER_REDIS: redis, ...KEYS }
  const usher = await startUsher({ stateDir, bundleDir: BUNDLE_DIR, settings, cron: false })
  running.push(usher)
  return usher
}

it.each(engines())(
  'over %s: places, admissions and tokens of a run are good in the next one',
  async (redis) => {
    const first = new Api((await start(redis)).url)
    const [inside, waiting] = [await first.visitor(), await first.visitor()]
    const eventId = await first.event({ capacity: 1 })
    await first.join(eventId, inside)
    const { entryToken } = await first.admitted(eventId, inside)
    const place = await first.join(eventId, waiting)
    await running.shift()?.stop()

    const second = new Api((await start(redis)).url)
    expect((await second.place(eventId, waiting)).body).toMatchObject({
      state: 'WAITING',
      joinNumber: place.body.joinNumber,
    })
    expect((await second.place(eventId, inside)).body).toMatchObject({ state: 'ADMITTED', entryToken })
    expect((await second.redeem(entryToken, 'session')).status).toBe(200)
  },
)

it('what was acknowledged outlives the death of workerd, which comes back on its port', async () => {
  const usher = await start()
  const api = new Api(usher.url)
  const visitor = await api.visitor()
  const eventId = await api.event({ status: 'paused' })
  await api.join(eventId, visitor)
  const pid = usher.workerdPid() ?? 0
  const stream = await api.stream(eventId, visitor)
  process.kill(pid, 'SIGKILL')
  await stream.closed()
  await expect.poll(() => api.place(eventId, visitor).catch(() => null)).toMatchObject({ status: 200 })
  expect(usher.workerdPid()).not.toBe(pid)
  await usher.runCron()
})

it('comes back also when workerd is killed again and again while it starts', async () => {
  const usher = await start()
  const api = new Api(usher.url)
  const visitor = await api.visitor()
  const eventId = await api.event({ status: 'paused' })
  await api.join(eventId, visitor)
  const killed = new Set<number>()
  // At once when it is seen: before it has read what it is to serve.
  await expect
    .poll(
      () => {
        const pid = usher.workerdPid()
        if (pid !== null && !killed.has(pid)) process.kill(pid, 'SIGKILL')
        return killed.add(pid ?? 0).size
      },
      { interval: 1, timeout: 20_000 },
    )
    .toBeGreaterThan(5)
  const place = async () => (await api.place(eventId, visitor).catch(() => null))?.status
  await expect.poll(place, { interval: 50, timeout: 10_000 }).toBe(200)
})

it('stops at once with open streams, twice if asked, and leaves no process and no lock behind', async () => {
  const usher = await start(engines().at(-1))
  const api = new Api(usher.url)
  const stream = await api.stream(await api.event({ status: 'paused' }), await api.visitor())
  const pids = [usher.workerdPid(), usher.redis?.pid].filter((pid) => typeof pid === 'number')
  const startMs = performance.now()
  await Promise.all([usher.stop(), usher.stop()])
  expect(performance.now() - startMs).toBeLessThan(2_000)
  await stream.closed()
  expect(pids.map(identify)).toEqual(pids.map(() => null))
  await start()
})

it('a second run on the state directory is refused, and does the first no harm', async () => {
  const usher = await start()
  await expect(start()).rejects.toThrow(`in use by process ${process.pid}`)
  expect((await fetch(`${usher.url}/healthz`)).status).toBe(200)
})

describe('bindings', () => {
  it('reach the Worker over the defaults, and Redis is the front of this run', async () => {
    const usher = await start()
    const metrics = (key: string): Promise<Response> =>
      fetch(`${usher.url}/metrics`, { headers: { authorization: `Bearer ${key}` } })
    expect((await metrics(KEYS.ADMIN_API_KEY)).status).toBe(200)
    expect((await metrics('dev-admin-key')).status).toBe(401)
    expect(usher.variables['USHER_STAGE']).toBe('local')
    expect(usher.front?.stats.requests).toBeGreaterThan(0)
  })
})
