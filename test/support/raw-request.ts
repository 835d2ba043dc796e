/** A request byte by byte, as no client library would send it. */
import { connect } from 'node:net'

export type RawAnswer = {
  readonly status: number
  /** The head as it came, line by line. */
  readonly headLines: readonly string[]
  readonly body: string
  /** The values of a header, in order; more than one when it came more than once. */
  header(name: string): readonly string[]
}

/**
 * Sends the text as UTF-8 to the host and port of the address and reads until the other side closes; say
 * `Connection: close` in it.
 */
export async function sendRaw(url: string, text: string): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const chunks: Buffer[] = []
  socket.write(text)
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk)
  return parsed(Buffer.concat(chunks).toString())
}

/** The text of a request whose head has these lines after the first, and nothing else but what ends it. */
export function requestText(start: string, lines: readonly string[] = [], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  return [`${start} HTTP/1.1`, ...lines, ...length, 'Connection: close', '', body].join('\r\n')
}

function parsed(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...headLines] = text.slice(0, end).split('\r\n')
  const header = (name: string): string[] =>
    headLines
      .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
      .map((line) => line.slice(name.length + 1).trim())
  return { status: Number(first.split(' ')[1]), headLines, body: text.slice(end + 4), header }
}
