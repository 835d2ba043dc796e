/** Where the gateway opens a stream. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { LineClient } from '../../src/line-client.ts'

let events = 0

/** An event whose objects only say who was asked; the answer tells the scale. */
function fakeEvent(): { asked: string[]; scale: string | null; open(userId: string): Promise<number> } {
  events += 1
  const eventId = `routing-${events}`
  const asked: string[] = []
  const event = { asked, scale: null as string | null, open }
  const holder = (kind: string) => ({
    getByName: (name: string) => ({
      fetch: async () => {
        asked.push(`${kind} ${name.replace(eventId, 'event')}`)
        return new Response('', { headers: event.scale === null ? {} : { 'Usher-Scale': event.scale } })
      },
    }),
  })
  const fake = { ...env, EVENT_LINE: holder('line'), STREAM_SHARD: holder('shard') } as unknown as Env
  async function open(userId: string): Promise<number> {
    const { status } = await new LineClient(fake, eventId).fetch(
      new Request(`https://line/stream?userId=${userId}`),
    )
    return status
  }
  return event
}

describe('a stream is opened', () => {
  it('at the line of a small event', async () => {
    const event = fakeEvent()
    for (const userId of ['ann', 'bob', 'ann']) await event.open(userId)
    expect(event.asked).toEqual(['line event', 'line event', 'line event'])
  })

  it('at a shard once an answer has said so, for one visitor always the same', async () => {
    const event = fakeEvent()
    event.scale = '0,4'
    for (let visitor = 0; visitor < 400; visitor += 1) await event.open(`user-${visitor}`)
    expect(event.asked[0]).toBe('line event')
    const counts = Map.groupBy(event.asked.slice(1), (who) => who)
    expect([...counts.keys()].toSorted()).toEqual([0, 1, 2, 3].map((shard) => `shard event:${shard}`))
    for (const asked of counts.values()) expect(asked.length).toBeGreaterThan(60)
    const before = event.asked.length
    for (const _ of [1, 2, 3]) await event.open('ann')
    expect(new Set(event.asked.slice(before)).size).toBe(1)
  })

  it('at the line again when an answer says that the event is no longer spread', async () => {
    const event = fakeEvent()
    event.scale = '0,4'
    for (const _ of [1, 2]) await event.open('ann')
    event.scale = null
    for (const _ of [1, 2]) await event.open('ann')
    expect(event.asked.map((who) => who.split(' ')[0])).toEqual(['line', 'shard', 'shard', 'line'])
  })
})
