/** Joining, resuming and leaving: who somebody is, and what refusals look like. */
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { createClient, UsherError, type ClientOptions } from '../../../src/client/client.ts'
import { PLACE, problem } from './world.ts'

type Sent = { request: string; authorization: string | undefined; credentials: string | undefined }

function clientOf(answers: Response[], options: Partial<ClientOptions> = {}) {
  const sent: Sent[] = []
  const client = createClient({
    eventId: 'demo',
    baseUrl: 'https://wait.test',
    ...options,
    fetch: async (input, init) => {
      const { authorization } = Object.fromEntries(
        Object.entries(init?.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
      )
      const { pathname } = new URL(String(input))
      sent.push({ request: `${init?.method} ${pathname}`, authorization, credentials: init?.credentials })
      return answers.shift() ?? Promise.reject(new TypeError('failed to fetch'))
    },
  })
  return { client, sent }
}

const SESSION = () => Response.json({ userId: 'ann', token: 'new-token' }, { status: 201 })
const QUEUE = '/api/v1/events/demo/queue'

describe('join', () => {
  it('with the cookie of the browser sends no token, and starts a session when there is none', async () => {
    const { client, sent } = clientOf([problem(401, 'unauthenticated'), SESSION(), Response.json(PLACE)])
    expect(await client.join()).toEqual(PLACE)
    expect(sent.map(({ request }) => request)).toEqual([
      `POST ${QUEUE}`,
      'POST /api/v1/sessions',
      `POST ${QUEUE}`,
    ])
    expect(sent.every(({ credentials, authorization }) => credentials === 'include' && !authorization)).toBe(
      true,
    )
    expect(client.token).toBeUndefined()
  })

  it('of somebody who is known to be new does not ask in vain first', async () => {
    const { client, sent } = clientOf([SESSION(), Response.json(PLACE), Response.json(PLACE)], {
      isNewVisitor: true,
    })
    expect(await client.resume()).toBeNull()
    await client.join()
    await client.join()
    expect(sent.map(({ request }) => request)).toEqual([
      'POST /api/v1/sessions',
      `POST ${QUEUE}`,
      `POST ${QUEUE}`,
    ])
  })

  it('with tokens sends them and no cookie, and keeps the one of a new session', async () => {
    const { client, sent } = clientOf([SESSION(), Response.json(PLACE)], { token: null })
    await client.join()
    expect(sent.at(-1)).toEqual({
      request: `POST ${QUEUE}`,
      authorization: 'Bearer new-token',
      credentials: 'omit',
    })
    expect(client.token).toBe('new-token')
  })

  it.each([
    [409, 'event-not-open'],
    [410, 'sold-out'],
    [403, 'queue-rejecting'],
    [404, 'event-not-found'],
  ])('that is refused with %i %s rejects with the code', async (status, code) => {
    const { client } = clientOf([problem(status, code, { 'Retry-After': '7' })])
    const error = await client.join().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UsherError)
    expect(error).toMatchObject({ status, code, retryAfterMs: 7_000 })
  })

  it('rejects as fetch does when Usher cannot be reached, and with the status when a proxy answers', async () => {
    const { client } = clientOf([new Response('<h1>Bad gateway</h1>', { status: 502 })])
    await expect(client.join()).rejects.toMatchObject({ status: 502, code: '', retryAfterMs: 0 })
    await expect(client.join()).rejects.toThrow('failed to fetch')
  })
})

describe('resume and leave', () => {
  it('a visitor without a place, or without a session, has nothing to resume', async () => {
    const { client, sent } = clientOf([problem(404, 'not-in-queue'), problem(401, 'unauthenticated')])
    expect([await client.resume(), await client.resume()]).toEqual([null, null])
    expect(sent.map(({ request }) => request)).toEqual([`GET ${QUEUE}`, `GET ${QUEUE}`])
  })

  it('an event that is gone is a refusal, not an absent place', async () => {
    const { client } = clientOf([problem(404, 'event-not-found')])
    await expect(client.resume()).rejects.toMatchObject({ code: 'event-not-found' })
  })

  it('leaving is one request', async () => {
    const { client, sent } = clientOf([new Response(null, { status: 204 })])
    await client.leave()
    expect(sent.map(({ request }) => request)).toEqual([`DELETE ${QUEUE}`])
  })
})

it('the whole client is smaller than 4 kB, minified and compressed', async () => {
  const entry = new URL('../../../src/client/client.ts', import.meta.url).pathname
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  const bytes = gzipSync(outputFiles[0]?.contents ?? '').byteLength
  expect(bytes).toBeGreaterThan(1_000)
  expect(bytes).toBeLessThan(4_000)
})
