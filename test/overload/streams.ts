/** Streams by the thousand over plain sockets, whose clients read, do not read, or vanish. */
import type { Socket } from 'node:net'
import { eventually, type TestUsher } from '../support/usher.ts'
import { range } from './crowd.ts'
import { openSocket, RawClient, requestText } from './raw-http.ts'

/** So many are opened at once; the listener's backlog is no part of what is tried. */
const OPENING_MAX = 200
const JOINING_MAX = 32

export type CrowdStream = { socket: Socket; text: string }

/** Opens one stream for each token, whose visitors have joined. Those that do not read never see an answer. */
export async function openStreams(
  usher: TestUsher,
  eventId: string,
  tokens: readonly string[],
  reads: boolean,
): Promise<CrowdStream[]> {
  const path = `/api/v1/events/${eventId}/queue/stream`
  const streams: CrowdStream[] = []
  for (const start of range(Math.ceil(tokens.length / OPENING_MAX))) {
    const some = tokens.slice(start * OPENING_MAX, (start + 1) * OPENING_MAX)
    const opened = await Promise.all(
      some.map(async (token) => {
        const stream: CrowdStream = { socket: await openSocket(usher.url, reads), text: '' }
        follow(stream, usher, requestText('GET', path, token), reads)
        return stream
      }),
    )
    streams.push(...opened)
  }
  return streams
}

/** Keeps what comes. Who is refused comes back when told to, as clients of streams do. */
function follow(stream: CrowdStream, usher: TestUsher, request: string, reads: boolean): void {
  const { socket } = stream
  if (reads) {
    socket.on('data', (chunk: Buffer) => {
      stream.text += chunk.toString('latin1')
      const waitSeconds = /^HTTP\/1.1 503[^]*?\nretry-after: *(\d+)\r\n[^]*\r\n\r\n/i.exec(stream.text)?.[1]
      if (waitSeconds === undefined) return
      socket.destroy()
      stream.text = ''
      setTimeout(() => void reopen(stream, usher, request), Number(waitSeconds) * 1_000)
    })
  }
  socket.write(request)
}

async function reopen(stream: CrowdStream, usher: TestUsher, request: string): Promise<void> {
  stream.socket = await openSocket(usher.url)
  follow(stream, usher, request, true)
}

/** One join for each token, a few at once. */
export async function joinAll(usher: TestUsher, eventId: string, tokens: readonly string[]): Promise<void> {
  const remaining = tokens.values()
  const lane = async (): Promise<void> => {
    const client = new RawClient(usher.url)
    for (const token of remaining) {
      const { status } = await client.ask(
        requestText('POST', `/api/v1/events/${eventId}/queue`, token, ['Content-Length: 0']),
      )
      if (status >= 300) throw new Error(`joining answered ${status}`)
    }
    client.close()
  }
  await Promise.all(range(JOINING_MAX).map(lane))
}

export function closeStreams(streams: readonly CrowdStream[]): void {
  for (const { socket } of streams) socket.destroy()
}

/** Resolves with the milliseconds until the operator sees exactly so many streams. */
export async function untilStreams(
  usher: TestUsher,
  eventId: string,
  count: number,
  withinMs: number,
): Promise<number> {
  const startedAtMs = performance.now()
  await eventually(async () => ((await streamCount(usher, eventId)) === count ? true : null), withinMs)
  return Math.round(performance.now() - startedAtMs)
}

async function streamCount(usher: TestUsher, eventId: string): Promise<number> {
  const { body } = await usher.api.admin('GET', `events/${eventId}`)
  return body.streams
}
