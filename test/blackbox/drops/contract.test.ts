/** The contract's chapter on drops, against the production bundle on the real runtime. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ADMIN_KEY,
  eventually,
  pause,
  startTestUsher,
  type Api,
  type Answer,
  type TestUsher,
  type Visitor,
} from '../../support/usher.ts'

let usher: TestUsher
let api: Api
let drops = 0

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

async function made(config: object): Promise<string> {
  drops += 1
  const dropId = `drop-${drops}`
  const { status, body } = await api.admin('PUT', `drops/${dropId}`, config)
  if (status !== 201) throw new Error(`no drop: ${status} ${JSON.stringify(body)}`)
  return dropId
}

function claim(dropId: string, { token }: Visitor, headers: Record<string, string> = {}): Promise<Answer> {
  return api.request('POST', `/api/v1/drops/${dropId}/claims`, { token, headers })
}

function mine(dropId: string, { token }: Visitor): Promise<Answer> {
  return api.request('GET', `/api/v1/drops/${dropId}/claims/me`, { token })
}

function shown(dropId: string): Promise<Answer> {
  return api.request('GET', `/api/v1/drops/${dropId}`)
}

describe('an operator', () => {
  it('makes a drop of given or of generated codes, sees it in the list, and nobody else may', async () => {
    const given = await made({ name: '첫 쿠폰', codes: ['A', 'B'] })
    const generated = await made({ stock: 3 })
    const { body } = await api.admin('GET', 'drops')
    const listed = new Map(body.drops.map((drop: { dropId: string }) => [drop.dropId, drop]))
    expect(listed.get(given)).toMatchObject({ name: '첫 쿠폰', stock: 2, strategy: 'object', codes: 'given' })
    expect(listed.get(generated)).toMatchObject({
      stock: 3,
      codes: 'generated',
      status: 'open',
      remaining: 3,
    })
    expect((await api.request('PUT', '/api/v1/admin/drops/x', { body: { stock: 1 } })).status).toBe(401)
    const { token } = await api.visitor()
    expect((await api.request('PUT', '/api/v1/admin/drops/x', { token, body: { stock: 1 } })).status).toBe(
      403,
    )
    expect((await shown('x')).status).toBe(404)
  })

  it('is answered 200 for the same again and for more, and 409 for less', async () => {
    const dropId = await made({ stock: 5 })
    expect((await api.admin('PUT', `drops/${dropId}`, { stock: 5 })).status).toBe(200)
    expect((await api.admin('PUT', `drops/${dropId}`, { stock: 7 })).body).toMatchObject({
      stock: 7,
      epoch: 2,
    })
    const less = await api.admin('PUT', `drops/${dropId}`, { stock: 6 })
    expect(less).toMatchObject({ status: 409, body: { code: 'drop-stock-reduced', stock: 7 } })
  })

  it('gets the claims as a table and finds own acts in the audit log', async () => {
    const dropId = await made({ codes: ['=1+1', 'B'] })
    const [ann, bob] = await api.visitors(2)
    await claim(dropId, ann as Visitor)
    await claim(dropId, bob as Visitor)
    const lines = await eventually(async () => {
      const { body } = await api.admin('GET', `drops/${dropId}/claims.csv`)
      const all = body.trim().split('\r\n')
      return all.length === 3 ? all : null
    })
    expect(lines[0]).toBe('claimId,userId,code,claimedAt')
    expect(lines.slice(1).join()).toContain(`,${ann?.userId},'=1+1,`)
    const audit = await api.admin('GET', 'audit')
    const acts = audit.body.entries.map((entry: { action: string }) => entry.action)
    expect(acts).toEqual(expect.arrayContaining(['drop.put', 'drop.export']))
  })
})

describe('a visitor', () => {
  it('claims one coupon, is answered the same claim again, and sees it under claims/me', async () => {
    const dropId = await made({ stock: 2 })
    const [ann, bob, cid] = (await api.visitors(3)) as [Visitor, Visitor, Visitor]
    expect((await mine(dropId, ann)).status).toBe(404)
    const first = await claim(dropId, ann)
    expect(first).toMatchObject({ status: 201, body: { dropId, state: 'issued' } })
    expect(first.headers.get('cache-control')).toBe('no-store')
    const again = await claim(dropId, ann)
    expect(again).toMatchObject({ status: 200, body: first.body })
    expect((await mine(dropId, ann)).body).toEqual(first.body)
    const second = await claim(dropId, bob)
    expect(second.body.code).not.toBe(first.body.code)
    expect(await claim(dropId, cid)).toMatchObject({ status: 410, body: { code: 'sold-out' } })
    expect(await claim(dropId, ann)).toMatchObject({ status: 200, body: first.body })
    const public_ = await shown(dropId)
    expect(public_.body).toMatchObject({ dropId, status: 'sold_out', remaining: 0 })
    expect(public_.headers.get('cache-control')).toBe('public, max-age=1')
  })

  it('with an Idempotency-Key is answered the first answer again', async () => {
    const dropId = await made({ stock: 2 })
    const ann = await api.visitor()
    const first = await claim(dropId, ann, { 'idempotency-key': 'k1' })
    const again = await claim(dropId, ann, { 'idempotency-key': 'k1' })
    expect([first.status, again.status]).toEqual([201, 201])
    expect(again.body).toEqual(first.body)
  })

  it('finds a sold-out drop open again within two seconds of more stock', async () => {
    const dropId = await made({ stock: 1 })
    const [ann, bob] = (await api.visitors(2)) as [Visitor, Visitor]
    await claim(dropId, ann)
    expect((await claim(dropId, bob)).status).toBe(410)
    expect((await claim(dropId, bob)).status).toBe(410)
    await api.admin('PUT', `drops/${dropId}`, { stock: 2 })
    await eventually(async () => ((await claim(dropId, bob)).status < 300 ? true : null), 2_000)
  })

  it('gets nothing before opensAt, everything from that instant on, and nothing after closesAt', async () => {
    const opensAtMs = Date.now() + 1_500
    const window = {
      opensAt: new Date(opensAtMs).toISOString(),
      closesAt: new Date(opensAtMs + 4_000).toISOString(),
    }
    const dropId = await made({ stock: 100, ...window })
    const [ann, bob] = (await api.visitors(2)) as [Visitor, Visitor]
    const early = await claim(dropId, ann)
    expect(early).toMatchObject({ status: 409, body: { code: 'drop-not-open', opensAt: window.opensAt } })
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await shown(dropId)).body.status).toBe('scheduled')
    const issued = await eventually(async () => {
      const { status, body } = await claim(dropId, ann)
      return status === 201 ? body : null
    })
    expect(Date.parse(issued.claimedAt)).toBeGreaterThanOrEqual(opensAtMs)
    await pause(opensAtMs + 4_000 - Date.now())
    const late = await claim(dropId, bob)
    expect(late).toMatchObject({ status: 409, body: { code: 'drop-not-open', opensAt: null } })
    expect(late.headers.get('retry-after')).toBeNull()
    expect((await claim(dropId, ann)).status).toBe(200)
  })
})

describe('reconciliation', () => {
  it('INV-11: adds up at any moment, and shows everything issued: what is due is recorded first', async () => {
    const dropId = await made({ stock: 30 })
    const visitors = await api.visitors(40)
    const claims = visitors.map((visitor) => claim(dropId, visitor))
    const during = await api.admin('GET', `drops/${dropId}/reconciliation`)
    const { stock, issued, pending, remaining } = during.body
    expect(issued + pending + remaining).toBe(stock)
    expect(during.body.consistent).toBe(true)
    const codes = (await Promise.all(claims))
      .filter(({ status }) => status === 201)
      .map(({ body }) => body.code)
    expect(new Set(codes).size).toBe(30)
    const { body: after } = await api.admin('GET', `drops/${dropId}/reconciliation`)
    expect(after).toMatchObject({
      stock: 30,
      issued: 30,
      failed: 0,
      remaining: 0,
      consistent: true,
      missing: 0,
      extra: 0,
    })
  })
})

describe('a drop behind a waiting room', () => {
  it('is for those who are inside, and the streams of its event hear that it is sold out and open again', async () => {
    const eventId = await api.event({ capacity: 5 })
    const dropId = await made({ stock: 1, eventId })
    const [ann, bob] = (await api.visitors(2)) as [Visitor, Visitor]
    expect(await claim(dropId, ann)).toMatchObject({ status: 403, body: { code: 'entry-token-required' } })
    for (const visitor of [ann, bob]) await api.join(eventId, visitor)
    const stream = await api.stream(eventId, bob)
    const { entryToken } = await api.admitted(eventId, ann)
    expect((await claim(dropId, ann, { 'entry-token': entryToken })).status).toBe(201)
    expect((await claim(dropId, ann, { 'entry-token': entryToken })).status).toBe(200)
    const soldOut = await stream.next('drop', ({ status }) => status === 'sold_out')
    expect(soldOut.data).toMatchObject({ type: 'DROP', eventId, dropId, epoch: 1 })
    await api.admin('PUT', `drops/${dropId}`, { stock: 2, eventId })
    await stream.next('drop', ({ status, epoch }) => status === 'open' && epoch === 2, 2_500)
    stream.close()
  })
})

it('claims are kept over a restart of everything, and what was not recorded yet is recorded then', async () => {
  const other = await startTestUsher()
  const put = await other.api.admin('PUT', 'drops/kept', { stock: 2 })
  expect(put.status).toBe(201)
  const visitor = await other.api.visitor()
  const request = (api_: Api) => api_.request('POST', '/api/v1/drops/kept/claims', { token: visitor.token })
  const first = await request(other.api)
  const again = await other.restart()
  try {
    expect(await request(again.api)).toMatchObject({ status: 200, body: first.body })
    const body = await eventually(async () => {
      const answer = await again.api.request('GET', '/api/v1/admin/drops/kept/reconciliation', {
        token: ADMIN_KEY,
      })
      return answer.body.issued === 1 ? answer.body : null
    })
    expect(body).toMatchObject({ pending: 0, consistent: true })
  } finally {
    await again.stop()
  }
})
