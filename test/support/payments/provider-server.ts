/**
 * What the local stand-ins for payment providers have in common: a real HTTP server that can be made to fail, and keys
 * that make a repeated request answer the same, as the providers document it.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { LOOPBACK } from '../../../dev/ports.ts'
import { Faults } from '../../../dev/redis/faults.ts'

export type ProviderCall = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}
export type ProviderAnswer = { readonly status: number; readonly body: object }

export type ProviderServer = {
  readonly url: string
  readonly faults: Faults
  /** Every request that arrived, the failed ones included. */
  readonly calls: ProviderCall[]
  stop(): Promise<void>
}

/** @param answer carries out one request; what it throws is answered with 500. */
export async function startProviderServer(
  answer: (call: ProviderCall) => ProviderAnswer,
): Promise<ProviderServer> {
  const faults = new Faults()
  const calls: ProviderCall[] = []
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { method = '', url = '', headers } = request
    const call = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') }
    calls.push(call)
    await sleep(faults.settings.delayMs)
    const verdict = faults.judge()
    if (verdict === 'drop') return void response.destroy()
    const { status, body } = verdict === 'fail' ? { status: 503, body: {} } : answer(call)
    if (faults.losesAnswer()) return void response.destroy()
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  }
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  server.listen(0, LOOPBACK)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('an HTTP server has no port')
  return {
    url: `http://${LOOPBACK}:${address.port}`,
    faults,
    calls,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The first answer to each key; another request with the same key is refused. */
export class IdempotencyKeys {
  readonly #first = new Map<string, { readonly request: string; readonly answer: ProviderAnswer }>()

  run(
    { method, path, headers, body }: ProviderCall,
    differs: ProviderAnswer,
    run: () => ProviderAnswer,
  ): ProviderAnswer {
    const key = headers['idempotency-key']
    if (typeof key !== 'string') return run()
    const request = createHash('sha256').update(`${method} ${path} ${body}`).digest('hex')
    const known = this.#first.get(key)
    if (known !== undefined) return known.request === request ? known.answer : differs
    const answer = run()
    // As it is now: what happens later must not show in it.
    this.#first.set(key, { request, answer: structuredClone(answer) })
    return answer
  }
}
