/** How many visitors an event has let in. */
import { eventually, type Api, type Visitor } from './usher.ts'

/** Resolves when so many are inside. */
export async function untilInside(api: Api, eventId: string, count: number, withinMs = 3_000): Promise<void> {
  await eventually(async () => ((await api.status(eventId)).body.admitted === count ? true : null), withinMs)
}

/** How many are inside after every stream has beaten once, so after several ticks. */
export async function insideAfterTicks(api: Api, eventId: string, visitor: Visitor): Promise<number> {
  const stream = await api.stream(eventId, visitor)
  await stream.next('heartbeat', undefined, 7_000)
  stream.close()
  return (await api.status(eventId)).body.admitted
}
