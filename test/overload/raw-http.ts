/** HTTP/1.1 by hand over plain sockets: thousands of connections cost little, and none has to behave. */
import { connect, type Socket } from 'node:net'

export type RawAnswer = { readonly status: number; readonly retryAfterSeconds: number; readonly body: string }

/** A request as it goes over the wire. */
export function requestText(
  method: string,
  path: string,
  token: string,
  headers: readonly string[] = [],
): string {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    `Authorization: Bearer ${token}`,
    ...headers,
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Resolves when connected. A socket that does not read takes nothing from its kernel, not even the headers. */
export function openSocket(url: string, reads = true): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  if (!reads) socket.pause()
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      // The other side may break it off at any time; that is what is being tried.
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

/** One keep-alive connection that asks one thing at a time, and connects again when it was closed. */
export class RawClient {
  readonly #url: string
  #socket: Socket | null = null

  constructor(url: string) {
    this.#url = url
  }

  async connect(): Promise<Socket> {
    if (this.#socket === null || this.#socket.destroyed || this.#socket.readableEnded) {
      this.#socket = await openSocket(this.#url)
    }
    return this.#socket
  }

  async ask(text: string): Promise<RawAnswer> {
    const socket = await this.connect()
    const answer = readAnswer(socket)
    socket.write(text)
    return answer
  }

  close(): void {
    this.#socket?.destroy()
  }
}

/** The next answer on a socket. Rejects when the connection ends before it is complete. */
export function readAnswer(socket: Socket): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let text = ''
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1')
      const answer = parseAnswer(text)
      if (answer === null) return
      stop()
      resolve(answer)
    }
    const onClose = (): void => {
      stop()
      reject(new Error(`the connection ended after ${text.length} bytes`))
    }
    const stop = (): void => void socket.off('data', onData).off('close', onClose)
    socket.on('data', onData).on('close', onClose)
    if (socket.destroyed) onClose()
  })
}

/** Null while it is not complete. */
function parseAnswer(text: string): RawAnswer | null {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return null
  const head = text.slice(0, headEnd)
  const rest = text.slice(headEnd + 4)
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
  const isChunked = /^transfer-encoding: *chunked/im.test(head)
  const isComplete = isChunked
    ? rest.endsWith('\r\n0\r\n\r\n') || rest === '0\r\n\r\n'
    : rest.length >= length
  if (!isComplete) return null
  return {
    status: Number(head.slice(9, 12)),
    retryAfterSeconds: Number(/^retry-after: *(\d+)/im.exec(head)?.[1] ?? 0),
    body: rest,
  }
}
