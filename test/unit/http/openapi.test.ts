import { describe, expect, it } from 'vitest'
import { problemsOf } from '../../../src/http/openapi.ts'
import { PROBLEMS } from '../../../src/http/problem-catalog.ts'
import { createGateway } from './gateway.ts'

type Json = { [key: string]: Json } & Json[]

const gateway = createGateway()
const response = await gateway.fetch('/openapi.json')
const document = (await response.json()) as Json

function everyRef(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => (key === '$ref' ? [String(inner)] : everyRef(inner)))
}

describe('GET /openapi.json', () => {
  it('is an OpenAPI 3.1 document', () => {
    expect(response.status).toBe(200)
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Usher' } })
  })

  it.each(gateway.endpoints.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
    'describes %s with its answers, problems, parameters and caller',
    (_name, endpoint) => {
      const operation = document['paths']?.[endpoint.path]?.[endpoint.method.toLowerCase()]
      expect(operation).toBeDefined()
      const statuses = Object.keys(operation?.['responses'] ?? {})
      for (const status of Object.keys(endpoint.responses)) expect(statuses).toContain(status)
      for (const code of problemsOf(endpoint)) expect(statuses).toContain(String(PROBLEMS[code].status))
      const parameters = Array.from(operation?.['parameters'] ?? [], (parameter: Json) => parameter['name'])
      for (const [, name] of endpoint.path.matchAll(/\{(\w+)\}/g)) expect(parameters).toContain(name)
      expect(operation?.['security']?.length === 0).toBe(endpoint.auth === 'anybody')
      expect(operation?.['requestBody'] !== undefined).toBe(endpoint.body !== null)
    },
  )

  it('has nothing besides the table', () => {
    const described = Object.values(document['paths'] ?? {}).reduce(
      (sum, item) => sum + Object.keys(item).length,
      0,
    )
    expect(described).toBe(gateway.endpoints.length)
  })

  it('resolves every reference', () => {
    const names = Object.keys(document['components']?.['schemas'] ?? {})
    const refs = everyRef(document)
    expect(refs.length).toBeGreaterThan(50)
    for (const ref of refs) expect(names.map((name) => `#/components/schemas/${name}`)).toContain(ref)
  })

  it('names the shapes of the contract', () => {
    expect(Object.keys(document['components']?.['schemas'] ?? {})).toEqual(
      expect.arrayContaining([
        'EventStatus',
        'Place',
        'Admission',
        'EventConfig',
        'EventDetail',
        'Problem',
        'StreamEvent',
        'SeatMap',
        'Reservation',
        'Payment',
      ]),
    )
  })

  it('tells the defaults and ranges of an event', () => {
    const config = document['components']?.['schemas']?.['EventConfig']
    const properties = config?.['properties']
    expect(config?.['required']).toEqual(['capacity'])
    expect(properties?.['capacity']).toMatchObject({ minimum: 0, maximum: 1_000_000 })
    expect(properties?.['entryTokenTtlSeconds']).toMatchObject({ default: 300, minimum: 1, maximum: 3_600 })
    expect(properties?.['batchSizeMax']).toMatchObject({ default: 1_000 })
  })

  it('gives every operation an id of its own', () => {
    const ids = Object.values(document['paths'] ?? {}).flatMap((item) =>
      Object.values(item).map((operation: Json) => String(operation['operationId'])),
    )
    expect(new Set(ids).size).toBe(ids.length)
  })
})
