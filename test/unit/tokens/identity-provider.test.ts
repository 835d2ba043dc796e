import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { VisitorTokens } from '../../../src/ports/tokens.ts'
import { createIdentityProviderTokens } from '../../../src/tokens/identity-provider.ts'

const ISSUER = 'https://id.example/'
const AUDIENCE = 'usher'

/** A provider on loopback: its published keys, and how it answers. */
class Provider {
  readonly server: Server
  readonly published: JWK[] = []
  status = 200
  requests = 0
  #keys = new Map<string, CryptoKey>()

  constructor() {
    this.server = createServer((_request, response) => {
      this.requests += 1
      response.writeHead(this.status, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify({ keys: this.published }))
    })
  }

  async addKey(kid: string): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
    this.#keys.set(kid, privateKey)
    this.published.push({ ...(await exportJWK(publicKey)), kid, alg: 'RS256' })
  }

  async token(kid: string, claims: Record<string, unknown> = {}): Promise<string> {
    const key = this.#keys.get(kid)
    if (key === undefined) throw new Error(`no key ${kid}`)
    const exp = Math.floor(Date.now() / 1_000) + 60
    return new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: 'customer-1', exp, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid })
      .sign(key)
  }
}

let provider: Provider
let tokens: VisitorTokens

beforeEach(async () => {
  provider = new Provider()
  provider.server.listen(0, '127.0.0.1')
  await once(provider.server, 'listening')
  await provider.addKey('k1')
  const { port } = provider.server.address() as AddressInfo
  tokens = createIdentityProviderTokens({
    jwksUrl: `http://127.0.0.1:${port}/keys`,
    issuer: ISSUER,
    audience: AUDIENCE,
    alg: 'RS256',
  })
})

afterEach(() => {
  vi.useRealTimers()
  provider.server.closeAllConnections()
  provider.server.close()
})

describe('tokens of an identity provider', () => {
  it('are accepted with the provider’s own subject, and the keys are fetched once', async () => {
    expect(await tokens.verify(await provider.token('k1'))).toEqual({
      ok: true,
      value: { userId: 'customer-1', isOperator: false },
    })
    await tokens.verify(await provider.token('k1', { sub: 'customer-2' }))
    expect(provider.requests).toBe(1)
  })

  it('make an operator of exactly the role ADMIN', async () => {
    const isOperator = async (role: unknown) => {
      const verified = await tokens.verify(await provider.token('k1', { role }))
      return verified.ok && verified.value.isOperator
    }
    expect(await isOperator('ADMIN')).toBe(true)
    for (const role of ['admin', 'USER', ['ADMIN'], true, undefined])
      expect(await isOperator(role)).toBe(false)
  })

  it('leave no room for guests', async () => {
    expect(await tokens.createGuest(Date.now())).toBeNull()
  })

  it('of a key that was published later are accepted after the keys are fetched again', async () => {
    await tokens.verify(await provider.token('k1'))
    await provider.addKey('k2')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1_500 })
    expect(await tokens.verify(await provider.token('k2'))).toMatchObject({ ok: true })
    expect(provider.requests).toBe(2)
  })

  it('with invented key ids make us ask at most once in a cooldown', async () => {
    await tokens.verify(await provider.token('k1'))
    await provider.addKey('secret')
    provider.published.pop()
    const forged = await provider.token('secret')
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect(await tokens.verify(forged)).toEqual({ ok: false, error: 'token-invalid' })
    }
    expect(provider.requests).toBeLessThanOrEqual(2)
  })
})

describe('a token of an identity provider', () => {
  it('is judged with a minute of tolerance for the clocks', async () => {
    const nowSeconds = Math.floor(Date.now() / 1_000)
    expect(await tokens.verify(await provider.token('k1', { exp: nowSeconds - 50 }))).toMatchObject({
      ok: true,
    })
    expect(await tokens.verify(await provider.token('k1', { nbf: nowSeconds + 50 }))).toMatchObject({
      ok: true,
    })
    expect(await tokens.verify(await provider.token('k1', { exp: nowSeconds - 70 }))).toMatchObject({
      ok: false,
    })
    expect(await tokens.verify(await provider.token('k1', { nbf: nowSeconds + 70 }))).toMatchObject({
      ok: false,
    })
  })

  it.each([
    ['another issuer', { iss: 'https://other.example/' }],
    ['another audience', { aud: 'somebody else' }],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['a subject that is too long', { sub: 'x'.repeat(129) }],
    ['no expiry', { exp: undefined }],
  ])('with %s is refused', async (_what, claims) => {
    const token = await provider.token('k1', claims)
    expect(await tokens.verify(token)).toEqual({ ok: false, error: 'token-invalid' })
  })

  it('signed with a public key as a shared secret is refused', async () => {
    const secret = new TextEncoder().encode(JSON.stringify(provider.published[0]))
    const token = await new SignJWT({ iss: ISSUER, aud: AUDIENCE, sub: 'x', exp: 2_000_000_000 })
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(secret)
    expect(await tokens.verify(token)).toEqual({ ok: false, error: 'token-invalid' })
  })

  it('is not judged while the provider answers with an error or not at all', async () => {
    const token = await provider.token('k1')
    provider.status = 500
    expect(await tokens.verify(token)).toEqual({ ok: false, error: 'identity-unavailable' })
    provider.server.closeAllConnections()
    provider.server.close()
    await once(provider.server, 'close')
    expect(await tokens.verify(token)).toEqual({ ok: false, error: 'identity-unavailable' })
  })

  it('of a known key is still accepted while the provider is away', async () => {
    const token = await provider.token('k1')
    await tokens.verify(token)
    provider.status = 500
    expect(await tokens.verify(token)).toMatchObject({ ok: true })
  })
})
