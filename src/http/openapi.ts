/** The OpenAPI 3.1 document, made from the same table that routes and validates. */
import * as z from 'zod'
import type { Auth, Endpoint, ResponseSpec } from './endpoint.ts'
import { PARAMS, paramNames } from './params.ts'
import { PROBLEMS } from './problem-catalog.ts'
import type { ProblemCode } from './problem-catalog.ts'
import { VISITOR_COOKIE } from './credentials.ts'
import { OPERATOR_COOKIE } from './operator-cookie.ts'
import { requestSchemas, responseSchemas } from './schemas/named.ts'
import { problem } from './schemas/views.ts'

type Json = Readonly<Record<string, unknown>>

const SECURITY: Readonly<Record<Auth, readonly Json[]>> = {
  anybody: [],
  visitor: [{ visitorBearer: [] }, { visitorCookie: [] }],
  origin: [{ originKey: [] }],
  operator: [{ operatorKey: [] }, { operatorCookie: [] }],
}

const SECURITY_SCHEMES = {
  visitorBearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A guest token, or a JWT of the identity provider.',
  },
  visitorCookie: { type: 'apiKey', in: 'cookie', name: VISITOR_COOKIE },
  originKey: { type: 'http', scheme: 'bearer', description: "The key of the shop's server." },
  operatorKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'The key of the operator, or a JWT whose role is ADMIN.',
  },
  operatorCookie: { type: 'apiKey', in: 'cookie', name: OPERATOR_COOKIE },
}

/** The whole document. It is the same for every request, so whoever serves it keeps it. */
export function openApiDocument(endpoints: readonly Endpoint[]): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const endpoint of endpoints) {
    paths[endpoint.path] = { ...paths[endpoint.path], [endpoint.method.toLowerCase()]: operation(endpoint) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Usher',
      version: '1',
      description:
        'A waiting room at the edge: join the line of an event, watch the place move, enter with a token.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: { schemas: componentSchemas(), securitySchemes: SECURITY_SCHEMES },
  }
}

/** Every problem that an endpoint can answer: its own, and those that follow from what it accepts. */
export function problemsOf(endpoint: Endpoint): ProblemCode[] {
  const codes = new Set<ProblemCode>(endpoint.problems)
  const kinds = paramNames(endpoint.path)
  if (kinds.some((name) => name !== 'admissionId') || endpoint.query !== null) codes.add('invalid-request')
  if (endpoint.auth !== 'anybody') codes.add('unauthenticated').add('forbidden')
  if (endpoint.auth === 'visitor' || endpoint.auth === 'operator') codes.add('identity-unavailable')
  const isSafe = endpoint.method === 'GET' && endpoint.changesState !== true
  if (endpoint.auth === 'operator' || (endpoint.auth !== 'origin' && !isSafe)) codes.add('cross-site-request')
  if (endpoint.audit !== undefined) codes.add('store-unavailable')
  if (endpoint.body !== null) codes.add('invalid-request').add('body-too-large').add('unsupported-media-type')
  if (endpoint.idempotent !== undefined) codes.add('idempotency-key-reused').add('request-in-progress')
  if (endpoint.entryToken !== undefined) codes.add('entry-token-required').add('entry-token-wrong-event')
  if (endpoint.limit !== undefined) codes.add('rate-limited')
  codes.add('internal-error').add('misconfigured').add('overloaded')
  return [...codes]
}

function operation(endpoint: Endpoint): Json {
  const { summary, tag, auth, body } = endpoint
  return {
    operationId: operationId(endpoint),
    summary,
    tags: [tag],
    security: SECURITY[auth],
    parameters: [
      ...pathParameters(endpoint.path),
      ...queryParameters(endpoint.query),
      ...headerParameters(endpoint),
    ],
    ...(body !== null && {
      requestBody: {
        // A body that requires nothing may be left out.
        required: !body.safeParse({}).success,
        content: { 'application/json': { schema: refTo(requestSchemas, body) } },
      },
    }),
    responses: { ...successResponses(endpoint), ...problemResponses(problemsOf(endpoint)) },
  }
}

/** `GET /api/v1/events/{eventId}/queue` becomes `getEventsEventIdQueue`. */
function operationId({ method, path }: Endpoint): string {
  const words = path.replace('/api/v1', '').split(/[^A-Za-z0-9]+/)
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

function pathParameters(path: string): Json[] {
  return paramNames(path).map((name) => {
    const kind = PARAMS[name]
    const schema = { type: 'string', ...(kind !== undefined && { pattern: kind.pattern.source }) }
    return {
      name,
      in: 'path',
      required: true,
      ...(kind !== undefined && { description: kind.description }),
      schema,
    }
  })
}

function queryParameters(query: z.ZodType | null): Json[] {
  if (query === null) return []
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: 'input' })
  return Object.entries(properties).map(([name, schema]) => {
    return { name, in: 'query', required: required.includes(name), schema }
  })
}

function headerParameters({ idempotent, entryToken }: Endpoint): Json[] {
  const parameters: Json[] = []
  if (entryToken !== undefined) {
    const required = entryToken === true
    const description = required
      ? "The visitor's entry token of this event, fresh or redeemed."
      : "The visitor's entry token of the event that the drop is behind, fresh or redeemed; none for a drop without one."
    const schema = { type: 'string' }
    parameters.push({ name: 'Entry-Token', in: 'header', required, description, schema })
  }
  if (idempotent !== undefined) {
    const description = 'The same key and body answer the same; kept for 24 hours.'
    const schema = { type: 'string', minLength: 1, maxLength: 128 }
    parameters.push({ name: 'Idempotency-Key', in: 'header', required: false, description, schema })
  }
  return parameters
}

function successResponses(endpoint: Endpoint): Json {
  const entries = Object.entries(endpoint.responses).map(([status, spec]) => [status, successResponse(spec)])
  return Object.fromEntries(entries)
}

function successResponse({ description, schema, contentType, json }: ResponseSpec): Json {
  const headers = { 'X-Request-Id': { schema: { type: 'string' } } }
  if (schema === undefined && contentType === undefined) return { description, headers }
  const shape = schema === undefined ? { type: 'string' } : refTo(responseSchemas, schema)
  const content = { [contentType ?? 'application/json']: { schema: shape } }
  if (json === undefined) return { description, headers, content }
  return {
    description,
    headers,
    content: { ...content, 'application/json': { schema: refTo(responseSchemas, json) } },
  }
}

/** One answer per status; the codes that it may carry stand in its description. */
function problemResponses(codes: readonly ProblemCode[]): Json {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status)
  const entries = [...byStatus].map(([status, alike]) => {
    const schema = {
      allOf: [refTo(responseSchemas, problem), { properties: { code: { enum: alike } } }],
    }
    const description = alike.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' ')
    return [status, { description, content: { 'application/problem+json': { schema } } }]
  })
  return Object.fromEntries(entries)
}

function refTo(named: typeof requestSchemas, schema: z.ZodType): Json {
  const id = named.get(schema)?.id
  if (id === undefined) throw new Error('a schema of the table has no name')
  return { $ref: `#/components/schemas/${id}` }
}

function componentSchemas(): Json {
  const uri = (id: string): string => `#/components/schemas/${id}`
  const requests = z.toJSONSchema(requestSchemas, { uri, io: 'input' }).schemas
  const responses = z.toJSONSchema(responseSchemas, {
    uri,
    io: 'output',
    // An answer may gain fields; clients that refuse those they do not know would break.
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
    },
  }).schemas
  const entries = Object.entries({ ...requests, ...responses }).map(([id, schema]) => {
    // Both belong to documents of their own; inside this one `$id` would change what `$ref` is relative to.
    const { $schema: _dialect, $id: _id, ...rest } = schema
    return [id, rest]
  })
  return Object.fromEntries(entries)
}
