import { SignJWT, UnsecuredJWT, decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { createGuestTokens } from '../../../src/tokens/guest-token.ts'

const CONFIG = { sessionSecret: 'a secret of at least thirty-two characters', visitorTokenTtlSeconds: 60 }
const KEY = new TextEncoder().encode(CONFIG.sessionSecret)
const tokens = createGuestTokens(CONFIG)

async function newGuest(nowMs = Date.now()) {
  const guest = await tokens.createGuest(nowMs)
  if (guest === null) throw new Error('refused')
  return guest
}

describe('guest sessions', () => {
  it('each guest is somebody else, and is never an operator', async () => {
    const [one, other] = [await newGuest(), await newGuest()]
    expect(one.userId).toMatch(/^g_[A-Za-z0-9_-]{22}$/)
    expect(one.userId).not.toBe(other.userId)
    // Who signed a token knows it, and whoever has the secret verifies it.
    for (const verifier of [tokens, createGuestTokens(CONFIG)])
      expect(await verifier.verify(one.token)).toEqual({
        ok: true,
        value: { userId: one.userId, isOperator: false },
      })
  })

  it('the session ends when it says', async () => {
    const guest = await newGuest(Date.now() - 61_000)
    expect(decodeJwt(guest.token).exp).toBe(guest.expiresAtMs / 1_000)
    expect(await tokens.verify(guest.token)).toEqual({ ok: false, error: 'token-invalid' })
  })

  it('a token of another deployment is refused', async () => {
    const other = createGuestTokens({
      ...CONFIG,
      sessionSecret: 'another secret of thirty-two characters or so',
    })
    expect(await other.verify((await newGuest()).token)).toEqual({ ok: false, error: 'token-invalid' })
  })

  it.each([
    ['another algorithm', { alg: 'HS512' }, {}],
    ['another issuer', { alg: 'HS256' }, { iss: 'usher' }],
    ['another audience', { alg: 'HS256' }, { aud: 'shop' }],
    ['a name that is too long', { alg: 'HS256' }, { sub: 'x'.repeat(129) }],
    ['an empty name', { alg: 'HS256' }, { sub: '' }],
    ['no end', { alg: 'HS256' }, { exp: undefined }],
  ])('a token of our secret with %s is refused', async (_what, header, change) => {
    const claims: Record<string, unknown> = { ...decodeJwt((await newGuest()).token), ...change }
    const token = await new SignJWT(claims).setProtectedHeader(header).sign(KEY)
    expect(await tokens.verify(token)).toEqual({ ok: false, error: 'token-invalid' })
  })

  it('an unsigned token is refused', async () => {
    const claims = decodeJwt((await newGuest()).token)
    expect(await tokens.verify(new UnsecuredJWT(claims).encode())).toEqual({
      ok: false,
      error: 'token-invalid',
    })
  })
})
