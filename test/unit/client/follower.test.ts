/** A place is followed whatever the network does. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createWorld, PLACE, problem, PROGRESS, settle } from './world.ts'

afterEach(() => vi.unstubAllGlobals())

/** Three refusals in a row, as a proxy gives them that knows no streams. */
async function blocked() {
  const world = createWorld()
  await settle()
  for (let i = 0; i < 3; i += 1) {
    world.stream.fail('refused')
    await world.clock.pass(4_000)
  }
  world.news()
  return world
}

describe('a stream', () => {
  it('is opened at once, and what it says is told with the difference of the clocks', async () => {
    const world = createWorld()
    await settle()
    expect(world.visit).toMatchObject({
      standing: { state: 'waiting', position: 40 },
      connection: 'connecting',
    })
    world.stream.say('position', { position: 12, totalWaiting: 90, etaSeconds: null }, 1_000_500)
    expect(world.visit).toMatchObject({
      standing: { state: 'waiting', position: 12, totalWaiting: 90 },
      connection: 'live',
      skewMs: 500,
    })
    world.stream.say('status', { status: 'paused' })
    expect(world.visit.eventStatus).toBe('paused')
    expect(world.asked).toEqual([])
  })

  it('INV-8: a position that was shown does not grow, whoever says so', async () => {
    const world = createWorld()
    await settle()
    world.stream.say('position', { position: 12, totalWaiting: 90, etaSeconds: null })
    world.stream.say('position', { position: 13, totalWaiting: 90, etaSeconds: null })
    expect(world.visit.standing).toMatchObject({ position: 12 })
    world.answer = async () => Response.json({ ...PLACE, position: 20 })
    world.stream.fail('refused')
    await world.clock.pass(1_100)
    expect(world.news()).toEqual(['GET /queue'])
    expect(world.visit.standing).toMatchObject({ position: 12 })
  })

  it('tells the admission with its token, and goes on until the end', async () => {
    const world = createWorld()
    await settle()
    const expiresAt = '2026-03-01T10:05:00.000Z'
    world.stream.say('promotion', { admissionId: 'demo.x', entryToken: 'token', expiresAt })
    expect(world.visit.standing).toEqual({
      state: 'admitted',
      admissionId: 'demo.x',
      entryToken: 'token',
      expiresAtMs: Date.parse(expiresAt),
    })
    world.stream.say('end', { reason: 'completed' })
    expect(world.visit.standing).toEqual({ state: 'ended', reason: 'completed' })
  })

  it.each(['left', 'expired', 'sold_out', 'closed', 'replaced'])(
    'that ends with %s is not opened again, and nothing more is asked',
    async (reason) => {
      const world = createWorld()
      await settle()
      world.stream.say('end', { reason })
      expect(world.visit.standing).toEqual({ state: 'ended', reason })
      expect(world.stream.readyState).toBe(2)
      world.following.wake()
      await world.clock.pass(300_000)
      expect([world.streams, world.asked]).toEqual([1, []])
    },
  )

  it('that breaks is left to the EventSource, which knows the pace that the server has given it', async () => {
    const world = createWorld()
    await settle()
    world.stream.fail('broken')
    expect(world.visit.connection).toBe('away')
    await world.clock.pass(50_000)
    expect([world.streams, world.asked]).toEqual([1, []])
    world.stream.say('position', { position: 11, totalWaiting: 90, etaSeconds: null })
    expect(world.visit.connection).toBe('live')
  })

  it('tells no status that changed while it was away, so the public document is asked once it is back', async () => {
    const world = createWorld()
    await settle()
    world.stream.say('status', { status: 'paused' })
    world.stream.fail('broken')
    world.stream.say('heartbeat', {})
    world.stream.say('heartbeat', {})
    await settle()
    expect(world.asked).toEqual(['GET /progress'])
    expect(world.visit).toMatchObject({ eventStatus: 'open', connection: 'live' })
  })

  it('of an event that was not open when it was last heard of is no news either', async () => {
    const world = createWorld(PLACE, 'paused')
    await settle()
    expect(world.visit.eventStatus).toBe('paused')
    world.stream.say('heartbeat', {})
    await settle()
    expect(world.asked).toEqual(['GET /progress'])
    expect(world.visit.eventStatus).toBe('open')
  })

  it('that was refused is opened again after a look at the place, later each time', async () => {
    const world = createWorld()
    await settle()
    world.stream.fail('refused')
    await world.clock.pass(999)
    expect([world.streams, world.news()]).toEqual([1, []])
    await world.clock.pass(1)
    expect([world.streams, world.news()]).toEqual([2, ['GET /queue']])
    world.stream.fail('refused')
    await world.clock.pass(1_999)
    expect(world.streams).toBe(2)
    await world.clock.pass(1)
    expect(world.streams).toBe(3)
  })

  it('that has been silent for three heartbeats is given up', async () => {
    const world = createWorld()
    await settle()
    const { stream } = world
    await world.clock.pass(14_000)
    stream.say('heartbeat', {})
    await world.clock.pass(14_000)
    expect(stream.readyState).toBe(1)
    await world.clock.pass(5_000)
    expect(stream.readyState).toBe(2)
    expect(world.streams).toBe(2)
  })
})

describe('where streams are blocked', () => {
  it('the own place is asked at the pace it gives, and the public document in between', async () => {
    const world = await blocked()
    expect(world.streams).toBe(3)
    expect(world.visit.connection).toBe('polling')
    await world.clock.pass(30_000)
    const asked = world.news()
    // Every 4.5 s, and once 2.7 s after each.
    expect(asked.filter((request) => request === 'GET /queue')).toHaveLength(6)
    expect(asked.filter((request) => request === 'GET /progress')).toHaveLength(7)
    const standing = { state: 'waiting', position: 30, totalWaiting: 80, etaSeconds: { low: 30, high: 60 } }
    expect(world.visits.map((visit) => visit.standing)).toContainEqual(standing)
    // The stand-in for a server says 40 for ever; the smaller one, which was true, stays.
    expect(world.visit.standing).toMatchObject({ position: 30 })
  })

  it('the admission is found without waiting for the next poll, as soon as the line has passed the number', async () => {
    const world = await blocked()
    world.answer = async (request) =>
      Response.json(
        request === 'GET /progress'
          ? { ...PROGRESS, nowServing: 140 }
          : {
              ...PLACE,
              state: 'ADMITTED',
              position: null,
              number: null,
              admissionId: 'demo.x',
              entryToken: 't',
            },
      )
    await world.clock.pass(4_000)
    expect(world.news().slice(-2)).toEqual(['GET /progress', 'GET /queue'])
    expect(world.visit.standing).toMatchObject({ state: 'admitted', entryToken: 't' })
  })

  it('a stream is tried again after one to two minutes, once', async () => {
    const world = await blocked()
    await world.clock.pass(85_000)
    expect(world.streams).toBe(3)
    await world.clock.pass(15_000)
    expect(world.streams).toBe(4)
    world.stream.fail('refused')
    await world.clock.pass(60_000)
    expect(world.streams).toBe(4)
    expect(world.visit.connection).toBe('polling')
  })

  it('a server that is away is asked less and less often, and never before it said', async () => {
    const world = await blocked()
    world.answer = async () => problem(503, 'overloaded', { 'Retry-After': '20' })
    await world.clock.pass(19_000)
    expect(world.news()).toHaveLength(1)
    world.answer = () => Promise.reject(new TypeError('failed to fetch'))
    await world.clock.pass(100_000)
    expect(world.visit.connection).toBe('away')
    expect(world.news().length).toBeLessThan(12)
    world.answer = async (request) => Response.json(request === 'GET /progress' ? PROGRESS : PLACE)
    await world.clock.pass(31_000)
    expect(['polling', 'connecting', 'away']).toContain(world.visit.connection)
    expect(world.news().length).toBeGreaterThan(0)
  })

  it('a failure of the public document alone ends nothing', async () => {
    const world = await blocked()
    world.answer = async (request) =>
      request === 'GET /progress' ? problem(404, 'not-found') : Response.json(PLACE)
    await world.clock.pass(60_000)
    expect(world.visit.standing.state).toBe('waiting')
    expect(world.news()).toContain('GET /queue')
  })

  it.each([
    [401, 'unauthenticated', 'lost'],
    [404, 'not-in-queue', 'lost'],
    [404, 'event-not-found', 'closed'],
  ])('a place that is answered %i %s has ended: %s', async (status, code, reason) => {
    const world = await blocked()
    world.answer = async () => problem(status, code)
    await world.clock.pass(10_000)
    expect(world.visit.standing).toEqual({ state: 'ended', reason })
    world.news()
    await world.clock.pass(300_000)
    expect(world.news()).toEqual([])
  })
})

describe('waking up', () => {
  it('after an hour of sleep asks for the place at once, before a timer has run', async () => {
    const world = createWorld()
    await settle()
    world.stream.say('heartbeat', {})
    world.clock.sleep(3_600_000)
    world.answer = async () => Response.json({ ...PLACE, state: 'EXPIRED', position: null })
    world.following.wake()
    await world.clock.pass(500)
    expect(world.news()).toEqual(['GET /queue'])
    expect(world.visit.standing).toEqual({ state: 'ended', reason: 'expired' })
  })

  it('leaves a stream alone that is well', async () => {
    const world = createWorld()
    await settle()
    world.stream.say('heartbeat', {})
    world.following.wake()
    await world.clock.pass(1_000)
    expect([world.streams, world.asked]).toEqual([1, []])
  })

  it('comes of itself when the network is back, and streams are tried there', async () => {
    const page = new EventTarget()
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page))
    const world = await blocked()
    page.dispatchEvent(new Event('offline'))
    expect(world.visit.connection).toBe('offline')
    page.dispatchEvent(new Event('online'))
    await world.clock.pass(500)
    expect(world.news()).toEqual(['GET /queue'])
    expect(world.streams).toBe(4)
    world.following.close()
    page.dispatchEvent(new Event('online'))
    await world.clock.pass(1_000)
    expect(world.news()).toEqual([])
  })
})

it('nothing is told or asked after close, whatever was under way', async () => {
  const world = await blocked()
  let answer: (response: Response) => void = () => {}
  world.answer = () => new Promise((resolve) => (answer = resolve))
  await world.clock.pass(3_500)
  const told = world.visits.length
  world.following.close()
  answer(Response.json({ ...PLACE, position: 1 }))
  await world.clock.pass(300_000)
  expect(world.visits).toHaveLength(told)
})
