/** What the gateway does when a line goes away under a call: it asks again where that is harmless. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { LineClient } from '../../src/line-client.ts'
import type { LineApi } from '../../src/ports/lines.ts'

type Asked = { readonly method: string; readonly args: readonly unknown[] }

/** A line that goes away under the first call, and answers the second with what it was asked. */
function fleetingLine(): { asked: Asked[]; client: LineClient } {
  const asked: Asked[] = []
  const ask = (method: string, args: readonly unknown[]): Promise<unknown> => {
    asked.push({ method, args })
    if (asked.length === 1) throw Object.assign(new Error('the object went away'), { retryable: true })
    return Promise.resolve(method === 'fetch' ? new Response('stream') : { ok: true, value: { method } })
  }
  const line = new Proxy(
    {},
    {
      get:
        (_, method) =>
        async (...args: unknown[]) =>
          ask(String(method), args),
    },
  )
  const fake = { ...env, EVENT_LINE: { getByName: () => line } } as unknown as Env
  return { asked, client: new LineClient(fake, 'event') }
}

const POOL = { poolId: 'arena', capacity: 5, admitPerMinute: null, version: 2 }

/** Every call there is, with arguments that tell it apart. */
const HARMLESS: {
  readonly [Name in Exclude<keyof LineApi, keyof typeof CHANGES>]: Parameters<LineApi[Name]>
} = {
  status: [],
  visit: ['ann'],
  progress: [],
  detail: [],
  join: ['ann'],
  place: ['ann'],
  leave: ['ann'],
  redeem: [{ admissionId: 'a', sessionDigest: 'd' }],
  admission: ['a'],
  renew: ['a'],
  release: ['a', 'cancelled'],
  revoke: ['a'],
  watch: [1_000],
  reassertPool: ['arena'],
  poolChanged: [POOL],
  metrics: [],
  series: [30],
  visitor: ['ann'],
  removeVisitor: ['ann'],
  exportPage: ['places', 7],
  fetch: [new Request('https://line/stream?userId=ann')],
}

/** A repetition would see its own first effect and answer something else. */
const CHANGES: { readonly [Name in 'act' | 'configure' | 'remove']: Parameters<LineApi[Name]> } = {
  act: ['pause'],
  configure: [{ eventId: 'event', mode: 'patch', change: { capacity: 7 }, pool: null }],
  remove: [],
}

function call(client: LineClient, method: string, args: readonly unknown[]): Promise<unknown> {
  return Reflect.apply(Reflect.get(client, method) as () => Promise<unknown>, client, args)
}

describe('a call of a line that went away under it', () => {
  it.each(Object.entries(HARMLESS))('%s is asked once more, in the same words', async (method, args) => {
    const { asked, client } = fleetingLine()
    const answer = await call(client, method, args)
    expect(asked).toEqual([
      { method, args },
      { method, args },
    ])
    if (answer instanceof Response) expect(await answer.text()).toBe('stream')
    else expect(answer).toEqual({ ok: true, value: { method } })
  })

  it.each(Object.entries(CHANGES))('%s is never repeated', async (method, args) => {
    const { asked, client } = fleetingLine()
    await expect(call(client, method, args)).rejects.toThrow('the object went away')
    expect(asked).toEqual([{ method, args }])
  })
})
