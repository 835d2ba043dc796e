/** What the service says of itself: its metrics, its health, its description. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectProblem } from '../support/contract.ts'
import { untilInside } from '../support/inside.ts'
import {
  ADMIN_KEY,
  ORIGIN_KEY,
  startTestUsher,
  type Api,
  type TestUsher,
  type Visitor,
} from '../support/usher.ts'

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

type Series = { readonly name: string; readonly labels: string; readonly value: number }

/** Prometheus text format 0.0.4, strictly: anything that is no comment must be a sample of a declared family. */
function parseMetrics(text: string): { types: Map<string, string>; series: Series[] } {
  const types = new Map<string, string>()
  const series: Series[] = []
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.slice(0, -1).split('\n')) {
    const [, name = '', type = ''] = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line) ?? []
    if (type !== '') expect(types.has(name)).toBe(false)
    if (type !== '') types.set(name, type)
    if (line.startsWith('#')) {
      expect(line).toMatch(/^# (HELP \w+ \S.*|TYPE \w+ (counter|gauge|histogram))$/)
      continue
    }
    const sample =
      /^([a-zA-Z_:][\w:]*)(\{(?:\w+="[^"\\\n]*",?)*\})? (-?\d+(?:\.\d+)?(?:e[-+]\d+)?|NaN|\+Inf)$/.exec(line)
    expect(sample, line).not.toBe(null)
    const [, sampleName = '', labels = '', value = ''] = sample ?? []
    const family = types.has(sampleName) ? sampleName : sampleName.replace(/_(bucket|sum|count)$/, '')
    expect(types.has(family), line).toBe(true)
    series.push({ name: sampleName, labels, value: Number(value) })
  }
  return { types, series }
}

describe('the service', () => {
  it('has metrics in the text format, for operators alone, that tell the truth', async () => {
    const eventId = await api.event({ capacity: 2 })
    const visitors = await api.visitors(5)
    await api.joinAll(eventId, visitors)
    await untilInside(api, eventId, 2)
    const { entryToken } = (await api.place(eventId, visitors[0] as Visitor)).body
    await api.redeem(entryToken, 's')
    const { status, body, headers } = await api.request('GET', '/metrics', { token: ADMIN_KEY })
    expect([status, headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching(/^text\/plain; *version=0\.0\.4/),
    ])
    const { types, series } = parseMetrics(body)
    const valueOf = (name: string): number | undefined =>
      series.find((found) => found.name === name && found.labels === `{event="${eventId}"}`)?.value
    for (const [name, value] of Object.entries({
      usher_waiting: 3,
      usher_present: 3,
      usher_live_admissions: 2,
      usher_capacity: 2,
      usher_holding: 0,
      usher_joins_total: 5,
      usher_promotions_total: 2,
      usher_redemptions_total: 1,
    })) {
      expect([name, valueOf(name)]).toEqual([name, value])
    }
    for (const [name, type] of types) expect(name.endsWith('_total')).toBe(type === 'counter')
    for (const { name, labels, value } of series.filter((found) => found.labels.includes('le="+Inf"'))) {
      const count = name.replace(/_bucket$/, '_count')
      expect(
        series.find((found) => found.name === count && labels.startsWith(found.labels.slice(0, -1)))?.value,
      ).toBe(value)
    }
    expectProblem(await api.request('GET', '/metrics'), 401, 'unauthenticated')
    expectProblem(await api.request('GET', '/metrics', { token: ORIGIN_KEY }), 403, 'forbidden')
  })

  it('is healthy, and says so to anybody', async () => {
    const { status, body, headers } = await api.request('GET', '/healthz')
    expect([status, body.status, headers.get('cache-control')]).toEqual([200, 'ok', 'no-store'])
  })

  it('describes itself in OpenAPI 3.1: every call of the contract, every reference resolved', async () => {
    const { status, body } = await api.request('GET', '/openapi.json')
    expect([status, body.openapi]).toEqual([200, expect.stringMatching(/^3\.1\.\d+$/)])
    const operations = Object.entries(body.paths as Record<string, Record<string, any>>).flatMap(
      ([path, item]) =>
        Object.entries(item).map(([method, operation]) => ({
          call: `${method.toUpperCase()} ${path}`,
          path,
          operation,
        })),
    )
    expect(operations.map(({ call }) => call)).toEqual(expect.arrayContaining(CALLS))
    const ids = operations.map(({ operation }) => operation.operationId as string)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { path, operation } of operations) {
      const declared = (operation.parameters as { in: string; name: string }[]).filter(
        (one) => one.in === 'path',
      )
      expect(declared.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? [])
      expect(Object.keys(operation.responses).length).toBeGreaterThan(1)
    }
    const references = new Set(
      [...JSON.stringify(body).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? ''),
    )
    expect(references.size).toBeGreaterThan(0)
    for (const reference of references) {
      const found = reference
        .slice(2)
        .split('/')
        .reduce<any>((node, step) => node?.[step], body)
      expect([reference, typeof found]).toEqual([reference, 'object'])
    }
    for (const schema of ['EventStatus', 'Place', 'Admission', 'EventConfig', 'Problem']) {
      expect(Object.keys(body.components.schemas)).toContain(schema)
    }
  })
})

const CALLS = [
  'POST /api/v1/sessions',
  'GET /api/v1/events',
  'GET /api/v1/events/{eventId}',
  'POST /api/v1/events/{eventId}/queue',
  'GET /api/v1/events/{eventId}/queue',
  'DELETE /api/v1/events/{eventId}/queue',
  'GET /api/v1/events/{eventId}/queue/stream',
  'GET /api/v1/broker/events/{eventId}/tickets/waiting',
  'GET /wait/{eventId}',
  'GET /.well-known/jwks.json',
  'POST /api/v1/admissions/redeem',
  'GET /api/v1/admissions/{admissionId}',
  'POST /api/v1/admissions/{admissionId}/renew',
  'POST /api/v1/admissions/{admissionId}/release',
  'PUT /api/v1/admin/events/{eventId}',
  'PATCH /api/v1/admin/events/{eventId}',
  'GET /api/v1/admin/events',
  'GET /api/v1/admin/events/{eventId}',
  'DELETE /api/v1/admin/events/{eventId}',
  'POST /api/v1/admin/events/{eventId}/open',
  'POST /api/v1/admin/events/{eventId}/pause',
  'POST /api/v1/admin/events/{eventId}/resume',
  'POST /api/v1/admin/events/{eventId}/close',
  'POST /api/v1/admin/events/{eventId}/sold-out',
  'POST /api/v1/admin/admissions/{admissionId}/revoke',
  'PUT /api/v1/admin/pools/{poolId}',
  'GET /metrics',
  'GET /healthz',
  'GET /openapi.json',
]
