/** What an operator's eyes get: the throughput figure each second, its alarm, and the counters of an event. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN_KEY, eventually, startTestUsher, type TestUsher, type Visitor } from '../support/usher.ts'

let usher: TestUsher

beforeAll(async () => {
  usher = await startTestUsher({ PROMOTION_ALARM_PER_SECOND: '10' })
})

afterAll(() => usher.stop())

type LogLine = { level: string; event: string; eventId?: string; perSecond?: number; limitPerSecond?: number }

function logged(event: string): LogLine[] {
  const lines = readFileSync(usher.runtime.logFile, 'utf8').split('\n')
  const parsed = lines.flatMap((line) => {
    const json = line.slice(line.indexOf('{'))
    return json.startsWith('{') ? [JSON.parse(json) as LogLine] : []
  })
  return parsed.filter((entry) => entry.event === event)
}

it('logs how many were admitted in each second, and warns above the configured rate', async () => {
  const { api } = usher
  const eventId = await api.event({ capacity: 100, status: 'paused' })
  const visitors = await api.visitors(40)
  await Promise.all(visitors.map((visitor) => api.join(eventId, visitor)))
  await api.admin('POST', `events/${eventId}/resume`)
  const [figure] = await eventually(() => {
    const figures = logged('promotion_throughput').filter((entry) => entry.eventId === eventId)
    return figures.length > 0 ? figures : null
  })
  expect(figure).toMatchObject({ level: 'info', perSecond: 40 })
  const warnings = await eventually(() => {
    const found = logged('promotion_rate_high')
    return found.length > 0 ? found : null
  })
  expect(warnings).toMatchObject([{ level: 'warn', eventId, perSecond: 40, limitPerSecond: 10 }])
})

it('counts joins, promotions, redemptions, ends and waits for each event', async () => {
  const { api } = usher
  const eventId = await api.event({ capacity: 2 })
  const visitors = await api.visitors(5)
  for (const visitor of visitors) await api.join(eventId, visitor)
  const [first, second] = await Promise.all(
    visitors.slice(0, 2).map((visitor) => api.admitted(eventId, visitor)),
  )
  await api.redeem(first.entryToken, 's')
  await api.release(first.admissionId)
  await api.release(second.admissionId, 'cancelled')
  await api.admitted(eventId, visitors[3] as Visitor)
  const { body } = await api.request('GET', '/metrics', { token: ADMIN_KEY })
  const value = (name: string) =>
    Number(new RegExp(`^usher_${name}\\{event="${eventId}"\\} (\\S+)$`, 'm').exec(body)?.[1])
  expect(
    [
      'joins_total',
      'promotions_total',
      'redemptions_total',
      'admissions_ended_total',
      'waiting',
      'live_admissions',
    ].map(value),
  ).toEqual([5, 4, 1, 2, 1, 2])
  expect(value('promotion_latency_seconds_count')).toBeGreaterThan(0)
  expect(value('tick_lag_seconds_count')).toBeGreaterThan(0)
  expect(value('redis_calls_total')).toBeGreaterThan(0)
  expect(value('redis_failures_total')).toBe(0)
})
