/** One visitor who opens connections without end. */
import { eventually, type TestUsher } from '../support/usher.ts'
import { guestTokens, memoryMb, range, type Figures } from './crowd.ts'
import { RawClient, requestText } from './raw-http.ts'
import { closeStreams, joinAll, openStreams, untilStreams, type CrowdStream } from './streams.ts'

export type OneUserResult = {
  readonly figures: Figures
  readonly waiting: number
  readonly replaced: number
  readonly joinNumbers: ReadonlySet<number>
  readonly refused: number
}

/** So many streams, then so many joins at once, all of one visitor. */
export async function oneUser(usher: TestUsher, connections: number): Promise<OneUserResult> {
  const { api } = usher
  const eventId = await api.event({ status: 'paused' })
  const [token = ''] = await guestTokens(usher, 1)
  await joinAll(usher, eventId, [token])
  const before = memoryMb(usher)
  const streams = await openStreams(
    usher,
    eventId,
    range(connections).map(() => token),
    true,
  )
  await untilStreams(usher, eventId, 1, 5_000)
  const isReplaced = ({ text }: CrowdStream): boolean => text.includes('"reason":"replaced"')
  const replaced = await eventually(() => {
    const count = streams.filter(isReplaced).length
    return count === connections - 1 ? count : null
  }, 10_000)
  const after = memoryMb(usher)
  closeStreams(streams)
  const another = await api.event({ status: 'paused' })
  const { joinNumbers, refused } = await joinAtOnce(usher, another, token, connections)
  const { body } = await api.admin('GET', `events/${another}`)
  return {
    waiting: body.waiting,
    replaced,
    joinNumbers,
    refused,
    figures: {
      connections,
      replaced,
      'joins at once': connections,
      'joins refused': refused,
      places: joinNumbers.size,
      'memory MB': `${before} -> ${after}`,
    },
  }
}

async function joinAtOnce(
  usher: TestUsher,
  eventId: string,
  token: string,
  count: number,
): Promise<{ joinNumbers: Set<number>; refused: number }> {
  const text = requestText('POST', `/api/v1/events/${eventId}/queue`, token, ['Content-Length: 0'])
  const answers = await Promise.all(
    range(count).map(async () => {
      const client = new RawClient(usher.url)
      const answer = await client.ask(text)
      client.close()
      return answer
    }),
  )
  const places = answers.filter(({ status }) => status < 300)
  const joinNumbers = new Set(places.map(({ body }) => Number(/"joinNumber":(\d+)/.exec(body)?.[1])))
  return { joinNumbers, refused: answers.length - places.length }
}
