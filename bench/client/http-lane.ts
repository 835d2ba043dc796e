/** One keep-alive HTTP/1.1 connection, by hand: a request costs the generator microseconds, not the server's own cost. */
import { connect, type Socket } from 'node:net'

export type HttpAnswer = { readonly status: number; readonly body: string }
type Waiter = { resolve(answer: HttpAnswer): void; reject(error: Error): void }

/** A request as it goes over the wire. A body is JSON. */
export function requestBytes(
  method: string,
  path: string,
  options: {
    readonly token?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: unknown
  } = {},
): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1']
  if (options.token !== undefined) lines.push(`Authorization: Bearer ${options.token}`)
  for (const [name, value] of Object.entries(options.headers ?? {})) lines.push(`${name}: ${value}`)
  const body = options.body === undefined ? '' : JSON.stringify(options.body)
  if (options.body !== undefined) lines.push('Content-Type: application/json')
  if (method !== 'GET') lines.push(`Content-Length: ${Buffer.byteLength(body)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

export class HttpLane {
  readonly #socket: Socket
  #text = ''
  #waiter: Waiter | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the connection was closed')))
  }

  static open(url: string): Promise<HttpLane> {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port) })
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new HttpLane(socket))
      })
    })
  }

  /** One at a time. Rejects when the connection has ended, or ends before the answer is complete. */
  ask(request: Buffer): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new Error('the connection had been closed'))
        return
      }
      this.#waiter = { resolve, reject }
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#waiter = null
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#text += chunk.toString('latin1')
    const answer = completeAnswer(this.#text)
    if (answer === null) return
    this.#text = ''
    const waiter = this.#waiter
    this.#waiter = null
    waiter?.resolve(answer)
  }

  #fail(error: Error): void {
    this.#waiter?.reject(error)
    this.#waiter = null
  }
}

/** Null while it is not complete. */
function completeAnswer(text: string): HttpAnswer | null {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return null
  const head = text.slice(0, headEnd)
  const rest = text.slice(headEnd + 4)
  const status = Number(head.slice(9, 12))
  if (/^transfer-encoding: *chunked/im.test(head)) {
    return rest.endsWith('0\r\n\r\n') ? { status, body: unchunked(rest) } : null
  }
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
  return rest.length >= length ? { status, body: rest } : null
}

function unchunked(text: string): string {
  let body = ''
  let at = 0
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    if (!(size > 0)) return body
    body += text.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 2 + size + 2
  }
}
