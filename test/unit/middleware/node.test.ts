/** Requests of `node:http` as the web knows them, and back; also those that nobody should send. */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { nodeListener } from '../../../src/middleware/node.ts'
import type { FetchHandler } from '../../../src/middleware/node.ts'
import { CookieBrowser } from '../../support/cookie-browser.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function serving(handler: FetchHandler, onError?: (error: unknown) => void): Promise<number> {
  const server = createServer(nodeListener(handler, onError))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** The status line of the answer to bytes that no client of ours would send. */
function statusOf(port: number, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write([...lines, '', ''].join('\r\n')))
    socket.on('data', (piece) => (text += piece.toString()))
    socket.on('close', () => resolve(text.split(' ')[1] ?? ''))
    socket.on('error', reject)
  })
}

describe('nodeListener', () => {
  it('carries method, address, headers and body there, and status, cookies and body back', async () => {
    const port = await serving(async (request) => {
      const headers = new Headers({ 'X-Seen': request.headers.get('X-Sent') ?? '' })
      headers.append('Set-Cookie', 'a=1')
      headers.append('Set-Cookie', 'b=2')
      return new Response(`${request.method} ${request.url} ${await request.text()}`, {
        status: 201,
        headers,
      })
    })
    const url = `http://127.0.0.1:${port}/a%20b?c=d`
    const answer = await new CookieBrowser().post(url, { e: 'f' }, { 'X-Sent': 'yes' })
    expect(answer.status).toBe(201)
    expect(answer.headers.get('X-Seen')).toBe('yes')
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(await answer.text()).toBe(`POST ${url} e=f`)
  })

  it('answers 500 for a handler that fails, and tells whoever asked', async () => {
    const told: unknown[] = []
    const failure = new Error('broken')
    const port = await serving(
      () => Promise.reject(failure),
      (error) => told.push(error),
    )
    expect((await new CookieBrowser().go(`http://127.0.0.1:${port}/`)).status).toBe(500)
    expect(told).toEqual([failure])
  })

  it.each([
    ['an address of another host', 'GET http://evil.test/ HTTP/1.1', 'Host: shop.test'],
    ['a host that cannot be', 'GET / HTTP/1.1', 'Host: a b/c'],
    ['no address', 'OPTIONS * HTTP/1.1', 'Host: shop.test'],
  ])('refuses %s', async (_name, ...lines) => {
    const port = await serving(() => new Response('reached'))
    expect(await statusOf(port, [...lines, 'Connection: close'])).toBe('400')
  })

  it('takes a path that looks like a host for a path', async () => {
    const seen: string[] = []
    const port = await serving(({ url }) => {
      seen.push(url)
      return new Response()
    })
    await statusOf(port, ['GET //evil.test/x HTTP/1.1', 'Host: shop.test', 'Connection: close'])
    expect(seen).toEqual(['http://shop.test//evil.test/x'])
  })

  it('leaves a body that nobody asks for unread, and answers all the same', async () => {
    const port = await serving(() => new Response('done'))
    const body = { big: 'x'.repeat(200_000) }
    expect((await new CookieBrowser().post(`http://127.0.0.1:${port}/`, body)).status).toBe(200)
  })
})
