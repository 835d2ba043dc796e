/** Requests that no client of ours makes. Each is answered with a refusal or a closed connection. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ADMIN_KEY, type TestUsher } from '../support/usher.ts'
import { range, type Figures } from './crowd.ts'
import { openSocket, RawClient, readAnswer, requestText } from './raw-http.ts'

/** What became of the connection: the status of an answer, or `closed`. */
type Fate = number | 'closed' | 'open'

const isRefusal = (fate: Fate): boolean =>
  fate === 'closed' || (typeof fate === 'number' && fate >= 400 && fate < 500)

const DRIP_MS = 1_000
const CHUNK = `1000\r\n${' '.repeat(4_096)}\r\n`
const PUT_EVENT = ['Content-Type: application/json', 'Transfer-Encoding: chunked']

/** A credential, or a cookie beside one, of so many bytes. */
function hugeHeader(usher: TestUsher, header: 'Authorization' | 'Cookie', bytes: number): Promise<Fate> {
  const filler = 'a'.repeat(bytes)
  const [token, headers] = header === 'Cookie' ? ['x', [`Cookie: usher_visitor=${filler}`]] : [filler, []]
  return fateOf(usher, requestText('GET', '/api/v1/events/demo/queue', token, headers), 20_000)
}

/** One byte a second of a body that claims to be longer. */
async function slowBody(usher: TestUsher): Promise<{ fate: Fate; afterMs: number }> {
  const socket = await openSocket(usher.url)
  const startedAtMs = performance.now()
  const answer = readAnswer(socket)
  socket.write(
    requestText('PUT', '/api/v1/admin/events/slow', ADMIN_KEY, [PUT_EVENT[0] ?? '', 'Content-Length: 500']),
  )
  const drip = setInterval(() => socket.write(' '), DRIP_MS)
  const fate = await settledFate(answer, 30_000)
  clearInterval(drip)
  socket.destroy()
  return { fate, afterMs: Math.round(performance.now() - startedAtMs) }
}

/** Chunks without end, as fast as they are taken. */
async function endlessBody(usher: TestUsher): Promise<{ fate: Fate; takenKb: number }> {
  const socket = await openSocket(usher.url)
  const answer = readAnswer(socket)
  socket.write(requestText('PUT', '/api/v1/admin/events/endless', ADMIN_KEY, PUT_EVENT))
  const pour = (): void => {
    while (!socket.destroyed && socket.write(CHUNK)) continue
  }
  socket.on('drain', pour)
  pour()
  const fate = await settledFate(answer, 20_000)
  socket.destroy()
  return { fate, takenKb: Math.round((socket.bytesWritten - socket.writableLength) / 1_024) }
}

/** Connections that say nothing, or half a request line, while others are served. */
async function idleConnections(usher: TestUsher, count: number): Promise<Fate[]> {
  const sockets = []
  for (const start of range(count / 100)) {
    const some = await Promise.all(range(100).map(() => openSocket(usher.url)))
    for (const socket of some) if (start % 2 === 0) socket.write('GET /healthz HT')
    sockets.push(...some)
  }
  const answers = await Promise.all(range(5).map(() => health(usher)))
  for (const socket of sockets) socket.destroy()
  return answers
}

/** 200 when the server is as well as before. */
async function health(usher: TestUsher): Promise<Fate> {
  const client = new RawClient(usher.url)
  const fate = await settledFate(client.ask(requestText('GET', '/healthz', 'x')), 10_000)
  client.close()
  return fate
}

export type HostileResult = {
  readonly figures: Figures
  /** What was neither refused with 4xx nor cut off. */
  readonly unrefused: readonly Fate[]
  readonly slowestBodyMs: number
  /** Of `GET /healthz` in between and after. */
  readonly healths: ReadonlySet<Fate>
}

/** All of them, one after the other, and whether the server is well after each. */
export async function hostileRequests(
  usher: TestUsher,
  size: { readonly idle: number; readonly slowBodies: number },
): Promise<HostileResult> {
  const healths: Fate[] = []
  const headers = await Promise.all(
    (['Cookie', 'Authorization'] as const).map((name) => hugeHeader(usher, name, 70_000)),
  )
  const huge = await hugeHeader(usher, 'Cookie', 2_000_000)
  healths.push(await health(usher))
  const endless = await endlessBody(usher)
  healths.push(await health(usher))
  const slow = await Promise.all(range(size.slowBodies).map(() => slowBody(usher)))
  healths.push(await health(usher), ...(await idleConnections(usher, size.idle)), await health(usher))
  const slowestBodyMs = Math.max(...slow.map(({ afterMs }) => afterMs))
  return {
    healths: new Set(healths),
    slowestBodyMs,
    unrefused: [...headers, huge, endless.fate, ...slow.map(({ fate }) => fate)].filter(
      (fate) => !isRefusal(fate),
    ),
    figures: {
      'header of 70 kB': headers.join(', '),
      'header of 2 MB': huge,
      'body without end': `${endless.fate} (${endless.takenKb} kB were taken)`,
      'bodies of 1 byte/s': `${slow.length}: ${[...new Set(slow.map(({ fate }) => fate))].join(', ')}`,
      'slowest answered after ms': slowestBodyMs,
      'idle connections': size.idle,
      'healthz after each': [...new Set(healths)].join(', '),
    },
  }
}

async function fateOf(usher: TestUsher, text: string, withinMs: number): Promise<Fate> {
  const socket = await openSocket(usher.url)
  const answer = readAnswer(socket)
  socket.write(text)
  const fate = await settledFate(answer, withinMs)
  socket.destroy()
  return fate
}

async function settledFate(answer: Promise<{ status: number }>, withinMs: number): Promise<Fate> {
  const abort = new AbortController()
  const fate = await Promise.race([
    answer.then(
      ({ status }) => status,
      (): Fate => 'closed',
    ),
    sleep(withinMs, 'open' as const, { signal: abort.signal }).catch((): Fate => 'open'),
  ])
  abort.abort()
  return fate
}
