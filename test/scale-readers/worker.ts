/**
 * Usher as it deploys, and at `/scale/read` clients inside of its own runtime: a local workerd has two descriptors for
 * each connection, and a process may have 20,000 here. Such a stream takes the same way as any other, except for the
 * last socket.
 */
import production from '../../src/worker.ts'
import { Readings } from './readings.ts'

// Every object is production's.
export * from '../../src/worker.ts'

/** Openings under way at once. */
const OPENING_MAX = 200

type Order = { readonly eventId: string; readonly tokens: readonly string[]; readonly delayMsMax: number }

export default {
  async fetch(request, env, ctx) {
    const { pathname, origin } = new URL(request.url)
    if (pathname !== '/scale/read') return production.fetch(request, env, ctx)
    const order: Order = await request.json()
    // As a stream of events it is passed on at once, and not gathered.
    return new Response(read(order, origin, env, ctx), { headers: { 'content-type': 'text/event-stream' } })
  },
  scheduled: (controller, env) => production.scheduled(controller, env),
} satisfies ExportedHandler<Env>

/** One line of JSON a second with what was read in it, until the reader hangs up. */
function read(order: Order, origin: string, env: Env, ctx: ExecutionContext): ReadableStream<Uint8Array> {
  const readings = new Readings()
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  void openAll(order, origin, env, ctx, readings)
  ctx.waitUntil(report(writable.getWriter(), readings))
  return readable
}

async function report(writer: WritableStreamDefaultWriter<Uint8Array>, readings: Readings): Promise<void> {
  const encoder = new TextEncoder()
  for (;;) {
    await scheduler.wait(1_000)
    await writer.write(encoder.encode(`${JSON.stringify(readings.take())}\n`))
  }
}

async function openAll(
  { eventId, tokens, delayMsMax }: Order,
  origin: string,
  env: Env,
  ctx: ExecutionContext,
  readings: Readings,
): Promise<void> {
  const url = `${origin}/api/v1/events/${eventId}/queue/stream`
  const openOne = async (token: string): Promise<void> => {
    if (delayMsMax > 0) await scheduler.wait(Math.random() * delayMsMax)
    const headers = { accept: 'text/event-stream', authorization: `Bearer ${token}` }
    const { status, body } = await production.fetch(
      new Request<unknown, IncomingRequestCfProperties>(url, { headers }),
      env,
      ctx,
    )
    if (status !== 200 || body === null) readings.refused += 1
    else void follow(body, readings)
  }
  if (delayMsMax > 0) {
    await Promise.all(tokens.map(openOne))
    return
  }
  const remaining = tokens.values()
  const lane = async (): Promise<void> => {
    for (const token of remaining) await openOne(token)
  }
  await Promise.all(Array.from({ length: OPENING_MAX }, lane))
}

async function follow(body: ReadableStream<Uint8Array>, readings: Readings): Promise<void> {
  const decoder = new TextDecoder()
  let position = 0
  for await (const chunk of body) position = readings.heard(decoder.decode(chunk), position)
}
