/** What goes on after its client has hung up. */
import { describe, expect, it } from 'vitest'
import { bearer, createGateway, type GatewayOptions } from './gateway.ts'

/** What outlives its client when this is asked. */
async function outliving(
  method: string,
  path: string,
  options: Omit<GatewayOptions, 'deps'> = {},
): Promise<Promise<unknown>[]> {
  const works: Promise<unknown>[] = []
  const gateway = createGateway({ ...options, deps: { outlive: (work) => void works.push(work) } })
  const { token } = await gateway.newVisitor()
  await gateway.fetch(path, { method, headers: bearer(token) })
  return works
}

describe('a request whose client may hang up', () => {
  it('is carried to its end when it changes something: its retry would meet the half', async () => {
    const works = await outliving('POST', '/api/v1/sessions')
    expect(works).toHaveLength(1)
    await expect(works[0]).resolves.toMatchObject({ ok: true })
  })

  it('keeps nothing awake when it only looks, or is refused before anything is done', async () => {
    expect(await outliving('GET', '/.well-known/jwks.json')).toEqual([])
    expect(await outliving('POST', '/api/v1/drops/d/claims', { isRefused: () => true })).toEqual([])
    expect(await outliving('POST', '/api/v1/drops/-/claims')).toEqual([])
  })
})
