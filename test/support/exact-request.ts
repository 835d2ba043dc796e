/** A request as it is said: no path is tidied, no type is added, and a body in chunks has no length. */
import { request as httpRequest } from 'node:http'
import type { Answer } from './usher.ts'

export type ExactOptions = {
  readonly headers?: Record<string, string>
  readonly chunks?: readonly Buffer[]
}

/** Sends it to the host and port of `url`. */
export function exactRequest(
  url: string,
  method: string,
  path: string,
  { headers = {}, chunks = [] }: ExactOptions = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const { hostname, port } = new URL(url)
  const sent = httpRequest({ hostname, port, method, path, headers, agent: false }, (response) => {
    const received: Buffer[] = []
    response.on('data', (chunk: Buffer) => received.push(chunk))
    response.on('error', reject)
    response.on('end', () => {
      const text = Buffer.concat(received).toString()
      const pairs = Object.entries(response.headers).map(([name, value]): [string, string] => [
        name,
        String(value),
      ])
      const isJson = /json/.test(String(response.headers['content-type']))
      resolve({
        status: response.statusCode ?? 0,
        body: isJson && text !== '' ? JSON.parse(text) : text,
        headers: new Headers(pairs),
      })
    })
  })
  sent.on('error', reject)
  for (const chunk of chunks) sent.write(chunk)
  sent.end()
  return promise
}
