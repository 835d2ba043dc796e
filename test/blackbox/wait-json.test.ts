/** An app that was written for the JSON of Cloudflare's Waiting Room, with a cookie jar and nothing of ours. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { waitingRoomAnswer } from '../../src/http/schemas/cf-waiting-room.ts'
import { CookieBrowser } from '../support/cookie-browser.ts'
import { eventually, startTestUsher, type TestUsher } from '../support/usher.ts'

let usher: TestUsher

beforeAll(async () => {
  usher = await startTestUsher({ SHOP_URL: 'https://shop.example/usher/enter' })
})

afterAll(() => usher.stop())

async function poll(app: CookieBrowser, eventId: string) {
  const headers = { Accept: 'application/json' }
  const response = await app.go(`${usher.url}/wait/${eventId}`, { headers })
  expect(response.status).toBe(200)
  return waitingRoomAnswer.parse(await response.json())
}

it('is in line by its first request, keeps the place by the next, and gets the token at its turn', async () => {
  const eventId = await usher.api.event({ capacity: 1 })
  const inside = await usher.api.visitor()
  await usher.api.join(eventId, inside)
  await usher.api.admitted(eventId, inside)

  const app = new CookieBrowser()
  const first = await poll(app, eventId)
  expect(first.cfWaitingRoom).toMatchObject({
    inWaitingRoom: true,
    queueAll: false,
    refreshIntervalSeconds: 5,
  })
  const second = await poll(app, eventId)
  expect(second.usher.place).toMatchObject({ position: 1, joinNumber: first.usher.place?.joinNumber })
  expect((await usher.api.status(eventId)).body.waiting).toBe(1)

  await usher.api.leave(eventId, inside)
  const admitted = await eventually(async () => {
    const answer = await poll(app, eventId)
    return answer.cfWaitingRoom.inWaitingRoom ? null : answer
  })
  expect(admitted.usher.shopUrl).toBe('https://shop.example/usher/enter')
  const redeemed = await usher.api.redeem(admitted.usher.place?.entryToken ?? '', 'the app')
  expect(redeemed.status).toBe(200)
})

it('hears that an event opens, is paused and is over', async () => {
  const opensAt = new Date(Date.now() + 90_000).toISOString()
  const eventId = await usher.api.event({ queueing: 'lottery', opensAt, capacity: 0 })
  const app = new CookieBrowser()
  const before = await poll(app, eventId)
  expect(before.cfWaitingRoom).toMatchObject({
    isEventPrequeueing: true,
    timeUntilEventStart: 2,
    shuffleAtEventStart: true,
  })
  expect(before.usher.place?.state).toBe('WAITING')
  await usher.api.admin('POST', `events/${eventId}/open`, {})
  await usher.api.admin('POST', `events/${eventId}/pause`, {})
  expect((await poll(app, eventId)).cfWaitingRoom).toMatchObject({
    isEventPrequeueing: false,
    queueAll: true,
  })
  await usher.api.admin('POST', `events/${eventId}/sold-out`, {})
  expect(await poll(app, eventId)).toMatchObject({
    cfWaitingRoom: { queueIsFull: true },
    usher: { place: null },
  })
})
