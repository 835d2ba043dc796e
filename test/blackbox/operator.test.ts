/** What operators have beside the contract: their sessions, and the log of what they did. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFaults, expectProblem, ISO_TIME } from '../support/contract.ts'
import { csv } from '../support/csv.ts'
import {
  ADMIN_KEY,
  eventually,
  startTestUsher,
  type Answer,
  type Api,
  type TestUsher,
} from '../support/usher.ts'

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

const SESSION = '/api/v1/admin/session'

function signIn(body: object = { key: ADMIN_KEY, name: 'Ada' }): Promise<Answer> {
  return api.request('POST', SESSION, { body })
}

/** The name and value of the cookie that the answer sets. */
function cookieOf(answer: Answer): string {
  return answer.headers.get('set-cookie')?.split(';')[0] ?? ''
}

/** A request as the console makes it: with the cookie, from a page of this origin unless told otherwise. */
function asConsole(
  cookie: string,
  method: string,
  path: string,
  body?: unknown,
  from: Record<string, string> = { 'sec-fetch-site': 'same-origin' },
): Promise<Answer> {
  return api.request(method, `/api/v1/admin/${path}`, {
    headers: { cookie, ...from },
    ...(body !== undefined && { body }),
  })
}

type Entry = {
  entryId: string
  at: string
  action: string
  operator: object
  changes: { field: string }[]
  outcome: string
}

async function entriesOf(eventId: string, query = ''): Promise<Entry[]> {
  const { status, body } = await api.admin('GET', `audit?eventId=${eventId}${query}`)
  expect(status).toBe(200)
  return body.entries
}

describe('signing in', () => {
  it('trades the key for a cookie that scripts and other sites cannot use, and that does not hold the key', async () => {
    const signed = await signIn()
    expect(signed.status).toBe(201)
    expect(signed.body).toEqual({ operator: 'Ada', expiresAt: expect.stringMatching(ISO_TIME) })
    const lifeMs = Date.parse(signed.body.expiresAt) - Date.now()
    expect(lifeMs).toBeGreaterThan(1_790_000)
    expect(lifeMs).toBeLessThanOrEqual(1_800_000)
    const setCookie = signed.headers.get('set-cookie') ?? ''
    expect(setCookie).toMatch(
      /^usher_operator=eyJ[\w.-]+; Path=\/; Max-Age=1(79\d|800); HttpOnly; SameSite=Strict$/,
    )
    const [, payload = ''] = setCookie.split('.')
    const said = setCookie + Buffer.from(payload, 'base64url').toString()
    expect(said).not.toContain(ADMIN_KEY)

    const asked = await asConsole(cookieOf(signed), 'GET', 'session')
    expect([asked.status, asked.body]).toEqual([200, signed.body])
    expect((await asConsole(cookieOf(signed), 'GET', 'events')).status).toBe(200)
  })

  it('is refused with a wrong key, and with what does not fit', async () => {
    const wrong = await signIn({ key: 'guess', name: 'Mallory' })
    expectProblem(wrong, 401, 'unauthenticated')
    expect(wrong.headers.get('set-cookie')).toBeNull()
    expectFaults(await signIn({}), '/key')
    expectFaults(await signIn({ key: ADMIN_KEY, name: 'two\nlines' }), '/name')
    expectFaults(await signIn({ key: ADMIN_KEY, name: 'x'.repeat(65) }), '/name')
    expectFaults(await signIn({ key: ADMIN_KEY, remember: true }), '/remember')
    expectProblem(
      await api.request('POST', SESSION, {
        body: { key: ADMIN_KEY },
        headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      }),
      403,
      'cross-site-request',
    )
  })

  it('without a cookie is nobody, with a changed one too, and a bearer is told apart', async () => {
    expectProblem(await api.request('GET', SESSION), 401, 'unauthenticated')
    const cookie = cookieOf(await signIn())
    const [head, payload = '', signature] = cookie.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const longer = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 60 })).toString('base64url')
    expectProblem(await asConsole(`${head}.${longer}.${signature}`, 'GET', 'session'), 401, 'unauthenticated')
    expect((await api.admin('GET', 'session')).body).toEqual({ operator: 'operator', expiresAt: null })
  })

  it('out makes the browser forget the cookie, also twice', async () => {
    const cookie = cookieOf(await signIn())
    for (const sent of [cookie, '']) {
      const out = await asConsole(sent, 'DELETE', 'session')
      expect(out.status).toBe(204)
      expect(out.headers.get('set-cookie')).toBe(
        'usher_operator=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict',
      )
    }
  })

  it('lets a page of this origin act, and no other page, not even by reading', async () => {
    const eventId = await api.event()
    const cookie = cookieOf(await signIn())
    const pause = `events/${eventId}/pause`
    for (const from of [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      {},
    ]) {
      expectProblem(await asConsole(cookie, 'POST', pause, {}, from), 403, 'cross-site-request')
    }
    const crossSite = { 'sec-fetch-site': 'cross-site' }
    for (const path of ['events', 'audit', `events/${eventId}/export.csv?what=places`]) {
      expectProblem(await asConsole(cookie, 'GET', path, undefined, crossSite), 403, 'cross-site-request')
    }
    expect((await api.status(eventId)).body.status).toBe('open')
    expect((await asConsole(cookie, 'POST', pause, {})).status).toBe(200)
    expect(
      (await asConsole(cookie, 'POST', `events/${eventId}/resume`, {}, { origin: usher.url })).status,
    ).toBe(200)
  })
})

describe('the audit log', () => {
  it('says of every act who did it, when, from where, on what, and which fields it changed', async () => {
    const poolId = `pool-${Date.now()}`
    await api.admin('PUT', `pools/${poolId}`, { capacity: 5 })
    await api.admin('PUT', `pools/${poolId}`, { capacity: 6, admitPerMinute: 60 })
    const eventId = await api.event({ capacity: 1, name: 'Friday' })
    const visitor = await api.visitor()
    await api.join(eventId, visitor)
    const { admissionId } = await api.admitted(eventId, visitor)
    const cookie = cookieOf(await signIn({ key: ADMIN_KEY, name: 'Grace Hopper' }))
    await asConsole(cookie, 'PATCH', `events/${eventId}`, { capacity: 3, poolId, name: 'Friday' })
    for (const action of ['pause', 'resume', 'sold-out', 'open']) {
      await api.admin('POST', `events/${eventId}/${action}`, {})
    }
    await api.admin('POST', `admissions/${admissionId}/revoke`, {})
    await api.admin('DELETE', `events/${eventId}/visitors/${visitor.userId}`)
    await csv(api, `events/${eventId}/export.csv?what=places`)
    expect((await api.admin('DELETE', `events/${eventId}`)).status).toBe(409)
    await api.admin('POST', `events/${eventId}/close`, {})
    expect((await api.admin('DELETE', `events/${eventId}`)).status).toBe(204)

    const entries = (await entriesOf(eventId)).toReversed()
    const status = (before: string, after: string) => [{ field: 'status', before, after }]
    expect(entries.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['event.put', 'done'],
      ['event.patch', 'done'],
      ['event.pause', 'done'],
      ['event.resume', 'done'],
      ['event.sold-out', 'done'],
      ['event.open', 'done'],
      ['admission.revoke', 'done'],
      ['visitor.remove', 'done'],
      ['event.export', 'done'],
      ['event.delete', 'refused'],
      ['event.close', 'done'],
      ['event.delete', 'done'],
    ])
    const [put, patch, pause, resume, soldOut, open, revoke, remove, , refused] = entries
    expect(put?.changes).toEqual(
      expect.arrayContaining([
        { field: 'name', before: null, after: 'Friday' },
        { field: 'capacity', before: null, after: 1 },
        { field: 'status', before: null, after: 'open' },
      ]),
    )
    expect(patch).toMatchObject({
      operator: { kind: 'session', name: 'Grace Hopper' },
      eventId,
      changes: [
        { field: 'capacity', before: 1, after: 3 },
        { field: 'poolId', before: null, after: poolId },
      ],
    })
    expect([pause, resume, soldOut, open].map((entry) => entry?.changes)).toEqual([
      status('open', 'paused'),
      status('paused', 'open'),
      status('open', 'sold_out'),
      status('sold_out', 'open'),
    ])
    expect(pause).toMatchObject({ operator: { kind: 'key', name: 'operator' }, problem: null })
    expect(revoke).toMatchObject({ admissionId, eventId, changes: [] })
    expect(remove).toMatchObject({ userId: visitor.userId, eventId })
    expect(refused).toMatchObject({ problem: 'event-not-closed', changes: [] })
    for (const entry of entries) expect(entry.at).toMatch(ISO_TIME)

    const { body } = await api.admin('GET', 'audit?limit=200')
    const ofPool = body.entries.filter((entry: { poolId: string }) => entry.poolId === poolId)
    expect(ofPool.map(({ action, changes }: Entry) => ({ action, changes }))).toEqual([
      {
        action: 'pool.put',
        changes: [
          { field: 'capacity', before: 5, after: 6 },
          { field: 'admitPerMinute', before: null, after: 60 },
        ],
      },
      { action: 'pool.put', changes: [{ field: 'capacity', before: null, after: 5 }] },
    ])
  })

  it('has sign-ins, refused ones and sign-outs, and the request id by which a problem is reported', async () => {
    const name = `Eve ${Date.now()}`
    const wrong = await signIn({ key: 'a guess', name })
    const cookie = cookieOf(await signIn({ key: ADMIN_KEY, name }))
    await asConsole(cookie, 'DELETE', 'session')
    const { body } = await api.admin('GET', 'audit?limit=10')
    const own = body.entries.filter(({ operator }: { operator: { name: string } }) => operator.name === name)
    expect(own).toMatchObject([
      { action: 'session.end', operator: { kind: 'session' }, outcome: 'done' },
      { action: 'session.start', operator: { kind: 'session' }, outcome: 'done' },
      {
        action: 'session.start',
        operator: { kind: 'nobody' },
        outcome: 'refused',
        problem: 'unauthenticated',
        requestId: wrong.headers.get('x-request-id'),
      },
    ])
    const said = JSON.stringify(body)
    for (const secret of [ADMIN_KEY, 'a guess', cookie.split('=')[1] ?? ''])
      expect(said).not.toContain(secret)
  })

  it('of two changes at once shows what each of them really changed', async () => {
    const eventId = await api.event({ capacity: 1 })
    const capacities = [2, 3, 4, 5, 6, 7]
    await Promise.all(capacities.map((capacity) => api.admin('PATCH', `events/${eventId}`, { capacity })))
    const changes = (await entriesOf(eventId))
      .filter(({ action }) => action === 'event.patch')
      .flatMap((entry) => entry.changes as unknown as { before: number; after: number }[])
    // A chain: each begins where another ended.
    const after = new Map(changes.map((change) => [change.before, change.after]))
    const chain = [1]
    for (let next = after.get(1); next !== undefined; next = after.get(next)) chain.push(next)
    expect(chain.toSorted()).toEqual([1, ...capacities])
    expect(chain.at(-1)).toBe((await api.status(eventId)).body.capacity)
  })

  it('is read page by page without a gap or a repetition, and refuses what is no page', async () => {
    const eventId = await api.event()
    for (let round = 0; round < 6; round += 1)
      await api.admin('PATCH', `events/${eventId}`, { capacity: 20 + round })
    const all = await entriesOf(eventId)
    expect(all).toHaveLength(7)
    const paged: Entry[] = []
    let before: string | null = null
    do {
      const cursor: string = before === null ? '' : `&before=${before}`
      const { body }: Answer = await api.admin('GET', `audit?eventId=${eventId}&limit=3${cursor}`)
      expect(body.entries.length).toBeLessThanOrEqual(3)
      paged.push(...body.entries)
      before = body.next
    } while (before !== null)
    expect(paged).toEqual(all)
    expectFaults(await api.admin('GET', 'audit?limit=0'), '/limit')
    expectFaults(await api.admin('GET', 'audit?limit=201'), '/limit')
    expectFaults(await api.admin('GET', 'audit?before=-1'), '/before')
    expectFaults(await api.admin('GET', 'audit?eventId=.'), '/eventId')
    expectFaults(await api.admin('GET', 'audit?event=demo'), '/event')
  })

  it('keeps what was acknowledged when the runtime is killed, and so does the session', async () => {
    const eventId = await api.event({ capacity: 1 })
    const cookie = cookieOf(await signIn())
    expect((await asConsole(cookie, 'PATCH', `events/${eventId}`, { capacity: 2 })).status).toBe(200)
    const before = await entriesOf(eventId)
    const pid = usher.runtime.workerdPid()
    if (pid === null) throw new Error('workerd does not run')
    process.kill(pid, 'SIGKILL')
    const after = await eventually(async () => {
      const again = await api.admin('GET', `audit?eventId=${eventId}`).catch(() => null)
      return again?.status === 200 ? again.body.entries : null
    }, 20_000)
    expect(usher.runtime.workerdPid()).not.toBe(pid)
    expect(after).toEqual(before)
    expect((await asConsole(cookie, 'GET', 'session')).body.operator).toBe('Ada')
  })

  it('has every act that happened, however the runtime is killed meanwhile', async () => {
    const eventId = await api.event({ capacity: 1 })
    const acknowledged: number[] = []
    let capacity = 1
    for (let round = 0; round < 3; round += 1) {
      const pid = usher.runtime.workerdPid()
      if (pid === null) throw new Error('workerd does not run')
      const acts = Array.from({ length: 12 }, async () => {
        capacity += 1
        const wished = capacity
        const answer = await api.admin('PATCH', `events/${eventId}`, { capacity: wished }).catch(() => null)
        if (answer?.status === 200) acknowledged.push(wished)
      })
      // In the middle of them: some have their answer, some do not.
      await Promise.race(acts)
      process.kill(pid, 'SIGKILL')
      await Promise.all(acts)
      await eventually(async () => {
        const answer = await api.admin('GET', 'audit?limit=1').catch(() => null)
        return answer?.status === 200 && usher.runtime.workerdPid() !== pid ? answer : null
      }, 20_000)
    }
    const entries = (await entriesOf(eventId, '&limit=200')).filter(({ action }) => action === 'event.patch')
    const done = entries
      .flatMap(({ changes }) => changes as unknown as { after: number }[])
      .map(({ after }) => after)
    expect(acknowledged.length).toBeGreaterThan(0)
    expect(done).toEqual(expect.arrayContaining(acknowledged))
    // What the event is now was somebody's act: written as done, or as begun.
    const { body } = await api.status(eventId)
    const isBegun = entries.some(({ outcome }) => outcome === 'unknown')
    expect(done.includes(body.capacity) || isBegun).toBe(true)
  })

  it('comes as a table, where no text can be taken for a formula', async () => {
    const eventId = await api.event({ capacity: 1 })
    await signIn({ key: ADMIN_KEY, name: '=HYPERLINK("http://evil.example","click"),x' })
    await api.admin('PATCH', `events/${eventId}`, { name: 'A "quoted", name' })
    const all = await csv(api, 'audit.csv')
    expect(all.header).toEqual([
      'entryId',
      'at',
      'operatorKind',
      'operatorName',
      'address',
      'requestId',
      'action',
      'eventId',
      'poolId',
      'admissionId',
      'userId',
      'outcome',
      'problem',
      'changes',
    ])
    expect(all.headers.get('content-type')).toMatch(/^text\/csv/)
    expect(all.headers.get('content-disposition')).toBe('attachment; filename="audit.csv"')
    expect(all.rows.find(({ action }) => action === 'session.start')?.['operatorName']).toBe(
      `'=HYPERLINK("http://evil.example","click"),x`,
    )
    const own = await csv(api, `audit.csv?eventId=${eventId}`)
    expect(own.rows.map(({ action }) => action)).toEqual(['event.patch', 'event.put'])
    expect(JSON.parse(own.rows[0]?.['changes'] ?? '')).toEqual([
      { field: 'name', before: eventId, after: 'A "quoted", name' },
    ])
  })
})
