/** Visitors who behave, while others do not: they follow the line, and note how long news takes to reach them. */
import { eventually, pause, type TestStream, type TestUsher, type Visitor } from '../support/usher.ts'
import { quantile } from './crowd.ts'
import { RawClient, requestText } from './raw-http.ts'

/** Far beyond what is promised: how late it came is for the figures to say. */
const NEWS_WITHIN_MS = 60_000

/** A line of those who will leave one by one, and behind them those who watch it. */
export type HealthyLine = {
  readonly eventId: string
  readonly ahead: readonly Visitor[]
  readonly watchers: readonly Visitor[]
  readonly streams: readonly TestStream[]
  /** Connections that are there already when the others come. */
  readonly polling: RawClient
  readonly leaving: RawClient
}

/** Opens a line in which nobody is admitted, with `ahead` visitors before `watchers` that hold streams. */
export async function healthyLine(usher: TestUsher, ahead: number, watchers: number): Promise<HealthyLine> {
  const { api } = usher
  const eventId = await api.event({ capacity: 0, disconnectGraceSeconds: 3_600 })
  const visitors = await api.visitors(ahead + watchers)
  for (const visitor of visitors) await api.join(eventId, visitor)
  const watching = visitors.slice(ahead)
  const streams = await Promise.all(watching.map((visitor) => api.stream(eventId, visitor)))
  for (const stream of streams) await stream.next('position')
  const [polling, leaving] = [new RawClient(usher.url), new RawClient(usher.url)]
  await Promise.all([polling.connect(), leaving.connect()])
  return { eventId, ahead: visitors.slice(0, ahead), watchers: watching, streams, polling, leaving }
}

/** One after the other visitors ahead leave, all or the next ones. Milliseconds from each leave to each watcher's new position. */
export async function newsDelays(line: HealthyLine, leaving = line.ahead): Promise<number[]> {
  const delays: number[] = []
  for (const visitor of leaving) {
    const stillAhead = line.ahead.length - 1 - line.ahead.indexOf(visitor)
    const toldBefore = line.streams.map(({ events }) => events.length)
    const leftAtMs = Date.now()
    const { status } = await line.leaving.ask(requestText('DELETE', queuePath(line), visitor.token))
    if (status !== 204) throw new Error(`leaving answered ${status}`)
    const told = line.streams.map(async (stream, watcher) => {
      const position = stillAhead + watcher + 1
      const isNew = await eventually(
        () =>
          stream.events
            .slice(toldBefore[watcher])
            .find(({ event, data }) => event === 'position' && data.position === position) ?? null,
        NEWS_WITHIN_MS,
        stream,
      )
      delays.push(isNew.atMs - leftAtMs)
    })
    await Promise.all(told)
  }
  return delays
}

/** Polls on behalf of one watcher until `work` is done. Milliseconds of each poll. */
export async function pollDelays(
  line: Pick<HealthyLine, 'eventId' | 'watchers' | 'polling'>,
  work: Promise<unknown>,
): Promise<{ delays: number[]; refused: number }> {
  const [watcher] = line.watchers
  if (watcher === undefined) throw new Error('nobody watches')
  const over = work.then(() => 'over')
  const delays: number[] = []
  let refused = 0
  for (let next = 'poll'; next !== 'over'; next = await Promise.race([over, pause(50).then(() => 'poll')])) {
    const askedAtMs = performance.now()
    const { status } = await line.polling.ask(requestText('GET', queuePath(line), watcher.token))
    delays.push(performance.now() - askedAtMs)
    if (status !== 200) refused += 1
  }
  return { delays, refused }
}

export function closeLine(line: HealthyLine): void {
  for (const stream of line.streams) stream.close()
  line.polling.close()
  line.leaving.close()
}

function queuePath({ eventId }: Pick<HealthyLine, 'eventId'>): string {
  return `/api/v1/events/${eventId}/queue`
}

/** As a table shows it. */
export function summary(delays: readonly number[]): string {
  return `p50 ${quantile(delays, 0.5)}, p95 ${quantile(delays, 0.95)}, max ${quantile(delays, 1)}`
}
