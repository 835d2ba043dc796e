/** `usher/node`: a `fetch` handler behind `node:http`, and requests of `node:http` as `Request`. */
import { pipeline } from 'node:stream/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'

export type FetchHandler = (request: Request) => Response | Promise<Response>

/** For `http.createServer`. What the handler throws is answered 500; `onError` is told. */
export function nodeListener(
  handler: FetchHandler,
  onError: (error: unknown) => void = () => {},
): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  return (incoming, outgoing) => {
    answer(handler, incoming, outgoing).catch((error: unknown) => {
      onError(error)
      if (outgoing.headersSent) outgoing.destroy()
      else outgoing.writeHead(500).end()
    })
  }
}

async function answer(
  handler: FetchHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = requestFrom(incoming, incoming.url ?? '/')
  if (request === null) return void outgoing.writeHead(400).end()
  await send(await handler(request), outgoing)
}

/**
 * The request as the web knows it; null for one that has no address. `path`: as the client sent it. `bodyRead`: what
 * somebody has read of the body already; without it the body is read when it is asked for, and not before.
 */
export function requestFrom(incoming: IncomingMessage, path: string, bodyRead?: string): Request | null {
  const { method = 'GET' } = incoming
  const scheme = 'encrypted' in incoming.socket ? 'https' : 'http'
  const base = `${scheme}://${incoming.headers.host ?? 'localhost'}`
  // `//evil.example/` is a path here, and would be another host if it were resolved.
  if (!path.startsWith('/') || !URL.canParse(base + path)) return null
  const headers = new Headers()
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  if (method === 'GET' || method === 'HEAD') return new Request(base + path, { method, headers })
  const body = bodyRead ?? whenAskedFor(incoming)
  return new Request(base + path, { method, headers, body, duplex: 'half' } as RequestInit)
}

/** Whoever comes after us may want to read the message itself, so nothing is taken from it until somebody asks. */
function whenAskedFor(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let pieces: AsyncIterator<Uint8Array> | undefined
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // A body that is too large must not take the connection with it: the answer still has to go out.
        pieces ??= incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>
        const { done, value } = await pieces.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await pieces?.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/** Sends a response as it comes, and no faster than it is read. @throws when either end breaks. */
export async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, [...response.headers].flat())
  await pipeline(response.body ?? [], outgoing)
}
