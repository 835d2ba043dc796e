/** One request to a provider: bounded in time and size, and what its answer says of the request. */
import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import * as z from 'zod'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { askProvider, type ProviderReply } from '../../../src/purchase/payments/provider-client.ts'

const BODY = z.object({ id: z.string() })

let url: string
let answer: (response: ServerResponse) => void
const paths: (string | undefined)[] = []
const server = createServer((request, response) => {
  paths.push(request.url)
  answer(response)
})

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  url = `http://127.0.0.1:${address.port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

function ask(timeoutMs = 1_000): Promise<ProviderReply<{ id: string }>> {
  const request = {
    method: 'GET',
    url: `${url}/payment`,
    headers: { Authorization: 'Bearer secret' },
  } as const
  return askProvider(fetch, request, BODY, () => 'its_code', timeoutMs)
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): typeof answer {
  return (response) => response.writeHead(status, headers).end(JSON.stringify(body))
}

describe('an answer', () => {
  it('of the right shape is the value', async () => {
    answer = json(200, { id: 'p', more: true })
    expect(await ask()).toEqual({ kind: 'done', value: { id: 'p' } })
  })

  it.each([400, 402, 403, 404, 422])('%i is a refusal, with the code of the provider', async (status) => {
    answer = json(status, {})
    expect(await ask()).toEqual({ kind: 'refused', status, code: 'its_code' })
  })

  it.each([401, 408, 409, 425, 429, 500, 502, 503, 504])('%i says nothing of the payment', async (status) => {
    answer = json(status, {})
    expect(await ask()).toEqual({ kind: 'unknown', cause: `status ${status}` })
  })

  it('of another shape, or that is no JSON, says nothing', async () => {
    answer = json(200, { id: 7 })
    expect(await ask()).toEqual({ kind: 'unknown', cause: 'unreadable answer' })
    answer = (response) => response.end('<html>')
    expect(await ask()).toEqual({ kind: 'unknown', cause: 'unreadable answer' })
  })

  it('that redirects is not followed: the key stays with the provider', async () => {
    paths.length = 0
    answer = json(307, {}, { Location: `${url}/elsewhere` })
    expect(await ask()).toMatchObject({ kind: 'unknown' })
    expect(paths).toEqual(['/payment'])
  })

  it('that does not end is given up', async () => {
    answer = (response) => void response.writeHead(200).write('{')
    expect(await ask(100)).toEqual({ kind: 'unknown', cause: 'TimeoutError' })
  })

  it('that never begins is given up', async () => {
    answer = () => {}
    expect(await ask(100)).toEqual({ kind: 'unknown', cause: 'TimeoutError' })
  })

  it('that is far too large is not read to its end', async () => {
    answer = json(200, { id: 'x'.repeat(300_000) })
    expect(await ask()).toEqual({ kind: 'unknown', cause: 'answer too large' })
  })
})
