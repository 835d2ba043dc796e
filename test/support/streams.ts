/** Events whose visitors listen. */
import type { Api, TestStream, Visitor } from './usher.ts'

/** An event in which these visitors wait, in this order. */
export async function pausedEvent(
  api: Api,
  visitors: readonly Visitor[],
  config: object = {},
): Promise<string> {
  const eventId = await api.event({ status: 'paused', ...config })
  await api.joinAll(eventId, visitors)
  return eventId
}

/** An event that has admitted this visitor, and the stream that said so. */
export async function openedInside(
  api: Api,
  visitor: Visitor,
  config: object = {},
): Promise<{ eventId: string; stream: TestStream; promotion: any }> {
  const eventId = await api.event(config)
  await api.join(eventId, visitor)
  const stream = await api.stream(eventId, visitor)
  const { data } = await stream.next('promotion')
  return { eventId, stream, promotion: data }
}
