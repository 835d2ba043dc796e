/** The client library against the real thing, outside of a browser: with a token, and streams over fetch. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClient, type Visit } from '../../src/client/client.ts'
import { eventually, startTestUsher, type TestUsher } from '../support/usher.ts'

let usher: TestUsher
beforeAll(async () => {
  usher = await startTestUsher()
})
afterAll(() => usher.stop())

async function follower(eventId: string) {
  const visits: Visit[] = []
  const client = createClient({ eventId, baseUrl: usher.url, token: null })
  const following = client.follow(await client.join(), (visit) => visits.push(visit))
  const seen = (fits: (visit: Visit) => boolean, withinMs = 5_000): Promise<Visit> =>
    eventually(() => visits.find(fits) ?? null, withinMs)
  return { client, following, visits, seen }
}

it('a visitor is told their position, the pause, the admission with its token, and the end', async () => {
  const eventId = await usher.api.event({ capacity: 0 })
  const { client, seen } = await follower(eventId)
  await seen(({ connection, standing }) => connection === 'live' && standing.state === 'waiting')
  await usher.api.admin('POST', `events/${eventId}/pause`)
  await seen(({ eventStatus }) => eventStatus === 'paused')
  await usher.api.admin('POST', `events/${eventId}/resume`)
  await usher.api.admin('PATCH', `events/${eventId}`, { capacity: 1 })
  const { standing } = await seen((visit) => visit.standing.state === 'admitted')
  const place = await client.resume()
  expect(standing).toEqual({
    state: 'admitted',
    admissionId: place?.admissionId,
    entryToken: place?.entryToken,
    expiresAtMs: Date.parse(place?.entryTokenExpiresAt ?? ''),
  })
  await client.leave()
  await seen((visit) => visit.standing.state === 'ended' && visit.standing.reason === 'left')
})

it('INV-9: a runtime that is killed costs nobody the place, and the client comes back by itself', async () => {
  const eventId = await usher.api.event({ capacity: 0 })
  const { following, visits, seen } = await follower(eventId)
  await seen(({ connection }) => connection === 'live')
  process.kill(usher.runtime.workerdPid() ?? 0, 'SIGKILL')
  await seen(({ connection }) => connection === 'away')
  await eventually(() => (visits.at(-1)?.connection === 'live' ? true : null), 20_000)
  expect(visits.at(-1)?.standing).toMatchObject({ state: 'waiting', position: 1 })
  following.close()
})

it('a second follower of the same visitor takes over, and the first is told', async () => {
  const eventId = await usher.api.event({ capacity: 0 })
  const first = await follower(eventId)
  await first.seen(({ connection }) => connection === 'live')
  const again: Visit[] = []
  const second = createClient({ eventId, baseUrl: usher.url, token: first.client.token ?? null })
  const following = second.follow(await second.join(), (visit) => again.push(visit))
  await first.seen((visit) => visit.standing.state === 'ended' && visit.standing.reason === 'replaced')
  await eventually(() => again.find(({ connection }) => connection === 'live') ?? null)
  following.close()
})
