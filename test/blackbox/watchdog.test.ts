/** The watchdog over many events, on the real runtime: one round calls them all, and repeating it changes nothing. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { mapBounded } from '../../src/bounded.ts'
import { ADMIN_KEY, eventually, pause, startTestUsher, type TestUsher } from '../support/usher.ts'

const EVENTS = 1_000

let usher: TestUsher

beforeAll(async () => {
  usher = await startTestUsher()
})

afterAll(() => usher.stop())

it('D22: one run of the cron reaches a thousand events, and doubled, late and early runs change nothing', async () => {
  const { api, runtime } = usher
  const eventIds = Array.from({ length: EVENTS }, (_, index) => `event-${index}`)
  const made = await mapBounded(eventIds, 20, (eventId) => api.putEvent(eventId, { capacity: 1 }))
  expect(made.every(({ status }) => status === 201)).toBe(true)
  const [waiting, ahead] = [await api.visitor(), await api.visitor()]
  for (const eventId of ['event-0', 'event-999']) {
    await api.join(eventId, ahead)
    await api.admitted(eventId, ahead)
    await api.join(eventId, waiting)
  }
  await runtime.runCron()
  await Promise.all([
    runtime.runCron(),
    runtime.runCron(Date.now() - 86_400_000),
    runtime.runCron(Date.now() + 60_000),
  ])
  const metrics = await api.request('GET', '/metrics', { token: ADMIN_KEY })
  const watched = [...metrics.body.matchAll(/^usher_watches_total\{event="(event-\d+)"\} (\d+)$/gm)]
  expect(watched).toHaveLength(EVENTS)
  expect(watched.every(([, , calls]) => Number(calls) === 4)).toBe(true)
  for (const eventId of ['event-0', 'event-999']) {
    expect((await api.status(eventId)).body).toMatchObject({ waiting: 1, admitted: 1 })
    expect((await api.place(eventId, ahead)).body.state).toBe('ADMITTED')
  }
}, 120_000)

it('INV-7: a line whose alarm is lost stands still until the watchdog calls, and then goes on', async () => {
  const [first, second] = [await usher.api.visitor(), await usher.api.visitor()]
  const eventId = await usher.api.event({ capacity: 1, entryTokenTtlSeconds: 1 })
  await usher.api.join(eventId, first)
  await usher.api.admitted(eventId, first)
  await usher.api.join(eventId, second)
  usher = await usher.restart(() => {
    const alarms = new DatabaseSync(
      join(usher.runtime.stateDir, 'workerd/do/usher-EventLine/metadata.sqlite'),
    )
    alarms.exec('DELETE FROM _cf_ALARM')
    alarms.close()
  })
  const { api, runtime } = usher
  const admittedTotal = async () => (await api.admin('GET', `events/${eventId}`)).body.admittedTotal
  await pause(3_000)
  expect(await admittedTotal()).toBe(1)
  await runtime.runCron()
  await eventually(async () => ((await admittedTotal()) === 2 ? true : null))
})
