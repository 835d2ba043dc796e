import { describe, expect, it } from 'vitest'
import { err, ok } from '../../../src/core/result.ts'
import type { LineResult } from '../../../src/ports/lines.ts'
import type { Progress } from '../../../src/core/views.ts'
import { Overloaded } from '../../../src/ports/overloaded.ts'
import type { KeptDocument, SharedDocuments } from '../../../src/ports/shared-documents.ts'
import { createGateway, problemOf } from './gateway.ts'
import { progressOf } from './views.ts'

const PATH = '/api/v1/events/demo/progress'
const T0 = 1_000_000_000

/** A data centre with a line that answers what the test says, at times that it says. */
function dataCentre() {
  const world = {
    nowMs: T0,
    asked: 0,
    answer: async (): Promise<LineResult<Progress>> => ok(progressOf('demo', { waiting: world.asked })),
    cache: new Map<string, KeptDocument>(),
    isolate: () =>
      createGateway({
        line: {
          progress: () => {
            world.asked += 1
            return world.answer()
          },
        },
        deps: { nowMs: () => world.nowMs, sharedDocuments: shared },
      }),
  }
  const shared: SharedDocuments = {
    get: async ({ origin, eventId }) => world.cache.get(`${origin} ${eventId}`) ?? null,
    put: ({ origin, eventId }, document) => void world.cache.set(`${origin} ${eventId}`, document),
  }
  return world
}

const waitingIn = async (response: Response): Promise<unknown> => {
  const body = (await response.json()) as { waiting: number }
  return body.waiting
}

describe('the document of progress', () => {
  it('may be cached for a second by everybody, and says how old it is', async () => {
    const world = dataCentre()
    const gateway = world.isolate()
    const response = await gateway.fetch(PATH)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual(progressOf('demo', { waiting: 1 }))
    expect(response.headers.get('Cache-Control')).toBe('public, max-age=1')
    expect(response.headers.get('Age')).toBe('0')
    expect(response.headers.get('Set-Cookie')).toBeNull()
  })

  it('is asked of the line once a second by one isolate, and by all of a data centre together', async () => {
    const world = dataCentre()
    const [first, second] = [world.isolate(), world.isolate()]
    for (const isolate of [first, second, first, second]) await isolate.fetch(PATH)
    expect(world.asked).toBe(1)
    world.nowMs += 999
    await second.fetch(PATH)
    expect(world.asked).toBe(1)
    world.nowMs += 1
    expect(await waitingIn(await first.fetch(PATH))).toBe(2)
    world.nowMs += 999
    for (const isolate of [first, second]) await isolate.fetch(PATH)
    expect(world.asked).toBe(2)
  })

  it('is not asked for by all isolates at once when it is old', async () => {
    const world = dataCentre()
    const isolates = Array.from({ length: 50 }, () => world.isolate())
    for (const isolate of isolates) await isolate.fetch(PATH)
    // It takes a while until the one that asks has put the next one there.
    world.nowMs += 1_200
    const answers = await Promise.all(isolates.map((isolate) => isolate.fetch(PATH)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(world.asked).toBe(2)
    // None is ever older than two seconds.
    world.nowMs += 800
    const waiting = await Promise.all(isolates.map(async (isolate) => waitingIn(await isolate.fetch(PATH))))
    expect(waiting).not.toContain(1)
  })

  it('goes out as it was last to all who come while one asks for the next', async () => {
    const world = dataCentre()
    const gateway = world.isolate()
    await gateway.fetch(PATH)
    world.nowMs += 1_500
    const { promise, resolve } = Promise.withResolvers<LineResult<Progress>>()
    world.answer = () => promise
    const asking = gateway.fetch(PATH)
    const meanwhile = await Promise.all([gateway.fetch(PATH), gateway.fetch(PATH)])
    expect(await Promise.all(meanwhile.map(waitingIn))).toEqual([1, 1])
    expect(meanwhile[0]?.headers.get('Age')).toBe('1')
    resolve(ok(progressOf('demo', { waiting: 99 })))
    expect(await waitingIn(await asking)).toBe(99)
    expect(world.asked).toBe(2)
  })

  it('is one document whatever the query, the credentials and the headers of a request are', async () => {
    const world = dataCentre()
    const gateway = world.isolate()
    await gateway.fetch(PATH)
    for (const path of [`${PATH}?v=2`, `${PATH}?eventId=other`]) {
      const headers = { Authorization: 'Bearer nonsense', Cookie: 'usher_visitor=x', Accept: 'text/html' }
      const response = await gateway.fetch(path, { headers })
      expect(await response.json()).toEqual(progressOf('demo', { waiting: 1 }))
    }
    expect([world.asked, world.cache.size]).toEqual([1, 1])
  })

  it.each(['exactly', 'weakly', 'in a list', '*'])(
    'who has it already is told so without a body (%s)',
    async (how) => {
      const gateway = dataCentre().isolate()
      const etag = (await gateway.fetch(PATH)).headers.get('ETag') ?? ''
      expect(etag).toMatch(/^"[\w-]{22}"$/)
      const given = { exactly: etag, weakly: `W/${etag}`, 'in a list': `"a", ${etag}`, '*': '*' }[how] ?? ''
      const response = await gateway.fetch(PATH, { headers: { 'If-None-Match': given } })
      expect([response.status, await response.text()]).toEqual([304, ''])
      expect(response.headers.get('ETag')).toBe(etag)
      expect(response.headers.get('Cache-Control')).toBe('public, max-age=1')
    },
  )

  it('has another ETag when anything in it is different, and the same when nothing is', async () => {
    const world = dataCentre()
    const gateway = world.isolate()
    const tags: (string | null)[] = []
    for (const waiting of [7, 7, 8]) {
      world.answer = async () => ok(progressOf('demo', { waiting }))
      tags.push((await gateway.fetch(PATH)).headers.get('ETag'))
      world.nowMs += 1_000
    }
    expect(tags[1]).toBe(tags[0])
    expect(tags[2]).not.toBe(tags[0])
    const stale = await gateway.fetch(PATH, { headers: { 'If-None-Match': tags[0] ?? '' } })
    expect(stale.status).toBe(200)
  })

  it('an event that is not there is asked for each time, and nothing of it is kept', async () => {
    const world = dataCentre()
    const gateway = world.isolate()
    world.answer = async () => err({ reason: 'event-not-found' })
    for (let poll = 0; poll < 2; poll += 1) {
      const response = await gateway.fetch(PATH)
      expect([response.status, response.headers.get('Cache-Control')]).toEqual([404, 'no-store'])
    }
    expect([world.asked, world.cache.size]).toEqual([2, 0])
    world.answer = async () => ok(progressOf('demo'))
    expect((await gateway.fetch(PATH)).status).toBe(200)
  })

  it('made-up events, however many are asked for at once, displace no document', async () => {
    const world = dataCentre()
    const gateway = world.isolate()
    await gateway.fetch(PATH)
    const { promise, resolve } = Promise.withResolvers<LineResult<Progress>>()
    world.answer = () => promise
    const strangers = Array.from({ length: 1_100 }, (_, at) =>
      gateway.fetch(`/api/v1/events/made-up-${at}/progress`),
    )
    world.cache.clear()
    expect(await waitingIn(await gateway.fetch(PATH))).toBe(1)
    resolve(err({ reason: 'event-not-found' }))
    const statuses = await Promise.all(strangers.map(async (answer) => (await answer).status))
    expect(new Set(statuses)).toEqual(new Set([404]))
  })

  it('an event that is gone has no document any more a second later', async () => {
    const world = dataCentre()
    const gateway = world.isolate()
    await gateway.fetch(PATH)
    world.answer = async () => err({ reason: 'event-not-found' })
    world.nowMs += 1_000
    expect((await gateway.fetch(PATH)).status).toBe(404)
  })
})

describe('while the line does not answer', () => {
  const failing = async (): Promise<never> => {
    throw new Overloaded('the object is overloaded')
  }

  it('the last document goes out with its true age and time, for half a minute, and then 503', async () => {
    const world = dataCentre()
    const gateway = world.isolate()
    const first = await gateway.fetch(PATH)
    world.answer = failing
    world.nowMs = T0 + 29_999
    const late = await gateway.fetch(PATH)
    expect([late.status, late.headers.get('Age')]).toEqual([200, '29'])
    expect(late.headers.get('ETag')).toBe(first.headers.get('ETag'))
    expect(await late.json()).toEqual(await first.json())
    expect(gateway.logged.join()).toContain('progress_stale')
    world.nowMs = T0 + 31_000
    const over = await gateway.fetch(PATH)
    expect(over.status).toBe(503)
    expect(over.headers.get('Retry-After')).toMatch(/^\d+$/)
    expect((await problemOf(over))['code']).toBe('overloaded')
  })

  it('it is asked once a second, however many poll, with a document or without', async () => {
    const world = dataCentre()
    const gateway = world.isolate()
    await gateway.fetch(PATH)
    world.answer = failing
    for (const afterMs of [2_000, 2_500, 2_999, 31_000, 31_500]) {
      world.nowMs = T0 + afterMs
      await Promise.all(Array.from({ length: 20 }, () => gateway.fetch(PATH)))
    }
    expect(world.asked).toBe(3)
  })

  it('another isolate of the data centre has the last document too', async () => {
    const world = dataCentre()
    await world.isolate().fetch(PATH)
    world.answer = failing
    world.nowMs += 10_000
    const response = await world.isolate().fetch(PATH)
    expect([response.status, response.headers.get('Age')]).toEqual([200, '10'])
  })

  it('it is given up after two seconds, and asked again a second later', async () => {
    const world = dataCentre()
    const gateway = world.isolate()
    await gateway.fetch(PATH)
    world.nowMs += 1_000
    world.answer = () => new Promise(() => {})
    const startedMs = performance.now()
    expect(await waitingIn(await gateway.fetch(PATH))).toBe(1)
    expect(performance.now() - startedMs).toBeGreaterThan(1_900)
    world.nowMs += 1_000
    world.answer = async () => ok(progressOf('demo', { waiting: 50 }))
    expect(await waitingIn(await gateway.fetch(PATH))).toBe(50)
  })

  it('a cache that is broken costs a call of the line and nothing else', async () => {
    const gateway = createGateway({
      line: { progress: async () => ok(progressOf('demo')) },
      deps: {
        sharedDocuments: {
          get: async () => {
            throw new Error('no cache')
          },
          put: () => {},
        },
      },
    })
    expect((await gateway.fetch(PATH)).status).toBe(200)
    expect(gateway.logged.join()).toContain('progress_not_shared')
  })

  it('a document from the future, of a machine whose clock is wrong, is not believed', async () => {
    const world = dataCentre()
    world.cache.set('http://localhost demo', {
      text: '{"waiting":-1}',
      etag: '"x"',
      madeAtMs: T0 + 3_600_000,
    })
    const gateway = world.isolate()
    expect(await waitingIn(await gateway.fetch(PATH))).toBe(1)
    expect(await waitingIn(await gateway.fetch(PATH))).toBe(1)
    expect(world.asked).toBe(1)
  })
})
