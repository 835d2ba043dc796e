/** Those who wait without a stream, and those who leave. */
import { RawClient, requestText } from '../overload/raw-http.ts'
import { pause, type TestUsher } from '../support/usher.ts'

/** Connections on which the crowd joins: what they ask is held for a window at a time. */
const JOINING_MAX = 3_000

/** One join for each token. Who is refused comes back when told to. */
export async function joinAll(usher: TestUsher, eventId: string, tokens: readonly string[]): Promise<void> {
  const remaining = tokens.values()
  const lane = async (): Promise<void> => {
    const client = new RawClient(usher.url)
    for (const token of remaining) {
      await joinOne(client, requestText('POST', queuePath(eventId), token, ['Content-Length: 0']))
    }
    client.close()
  }
  await Promise.all(Array.from({ length: Math.min(JOINING_MAX, tokens.length) }, lane))
}

/** The next of these leaves each second, until the function that is returned is called. */
export function leaveOneBySecond(
  usher: TestUsher,
  eventId: string,
  tokens: readonly string[],
): () => Promise<void> {
  const client = new RawClient(usher.url)
  const remaining = tokens.values()
  const leaveOne = async (): Promise<void> => {
    const token = remaining.next().value
    if (token === undefined) return
    const { status } = await client.ask(requestText('DELETE', queuePath(eventId), token))
    if (status !== 204) throw new Error(`leaving answered ${status}`)
  }
  let last = Promise.resolve()
  const timer = setInterval(() => {
    last = last.then(leaveOne)
  }, 1_000)
  return async () => {
    clearInterval(timer)
    await last
    client.close()
  }
}

/** Where a poll says that this visitor is; 0 when there is none. */
export async function polledPosition(client: RawClient, eventId: string, token: string): Promise<number> {
  const { body } = await client.ask(requestText('GET', queuePath(eventId), token))
  return Number(/"position":(\d+)/.exec(body)?.[1] ?? 0)
}

/** As the operator sees them. */
export async function streamsOf(usher: TestUsher, eventId: string): Promise<number> {
  const { body } = await usher.api.admin('GET', `events/${eventId}`)
  return Number(body.streams)
}

/** Until the operator sees so many streams. @throws Error when that takes longer than a minute. */
export async function untilStreams(usher: TestUsher, eventId: string, count: number): Promise<void> {
  const deadlineMs = Date.now() + 60_000
  while ((await streamsOf(usher, eventId)) !== count) {
    if (Date.now() > deadlineMs) throw new Error(`there are ${await streamsOf(usher, eventId)} streams`)
    await pause(100)
  }
}

function queuePath(eventId: string): string {
  return `/api/v1/events/${eventId}/queue`
}

async function joinOne(client: RawClient, request: string): Promise<void> {
  for (;;) {
    const { status, retryAfterSeconds } = await client.ask(request)
    if (status < 300) return
    if (status !== 503) throw new Error(`joining answered ${status}`)
    await pause(retryAfterSeconds * 1_000)
  }
}
