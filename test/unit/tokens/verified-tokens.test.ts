import { describe, expect, it, vi } from 'vitest'
import { createGuestTokens } from '../../../src/tokens/guest-token.ts'
import type { VisitorClaims } from '../../../src/ports/tokens.ts'
import { VerifiedTokens } from '../../../src/tokens/verified-tokens.ts'

const CLAIMS = { userId: 'u1', isOperator: false }

describe('tokens that were verified', () => {
  it('are known until they expire, and not a moment longer', () => {
    const tokens = new VerifiedTokens<VisitorClaims>()
    tokens.put('t', CLAIMS, 1_000)
    expect([tokens.get('t', 999), tokens.get('t', 1_000), tokens.get('t', 0)]).toEqual([
      CLAIMS,
      undefined,
      undefined,
    ])
    expect(tokens.get('other', 0)).toBeUndefined()
  })

  it('are at most so many: the one that was verified first goes', () => {
    const tokens = new VerifiedTokens<VisitorClaims>(2)
    for (const token of ['a', 'b', 'c']) tokens.put(token, CLAIMS, 1_000)
    expect(['a', 'b', 'c'].map((token) => tokens.get(token, 0) !== undefined)).toEqual([false, true, true])
  })

  it('a guest who comes again with a token that has expired meanwhile is refused', async () => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1), toFake: ['Date'] })
    try {
      const guests = createGuestTokens({ sessionSecret: 's'.repeat(32), visitorTokenTtlSeconds: 60 })
      const session = await guests.createGuest(Date.now())
      const token = session?.token ?? ''
      const first = await guests.verify(token)
      expect(first).toMatchObject({ ok: true, value: { userId: session?.userId } })
      expect(await guests.verify(token)).toEqual(first)
      expect(await guests.verify(`${token.slice(0, -2)}AA`)).toMatchObject({ ok: false })
      vi.setSystemTime(Date.now() + 61_000)
      expect(await guests.verify(token)).toEqual({ ok: false, error: 'token-invalid' })
    } finally {
      vi.useRealTimers()
    }
  })
})
