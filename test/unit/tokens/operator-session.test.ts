import { SignJWT, decodeJwt, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { createGuestTokens } from '../../../src/tokens/guest-token.ts'
import { createOperatorSessions } from '../../../src/tokens/operator-session.ts'

const KEYS = {
  adminApiKey: 'the key of the operator',
  sessionSecret: 'the secret of the sessions, long enough',
}
const NOW_MS = Date.UTC(2030, 0, 1, 12, 0, 0, 400)
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

const sessions = createOperatorSessions(KEYS)

describe('an operator’s session', () => {
  it('lives for thirty minutes and keeps the name, whatever script it is in', async () => {
    const { token, session } = await sessions.start('에이다 Lovelace', NOW_MS)
    expect(session).toEqual({
      name: '에이다 Lovelace',
      startedAtMs: NOW_MS - 400,
      expiresAtMs: NOW_MS - 400 + 30 * MINUTE_MS,
    })
    expect(await sessions.verify(token, NOW_MS)).toEqual(session)
    expect(await sessions.verify(token, session.expiresAtMs - 1_000)).toEqual(session)
    expect(await sessions.verify(token, session.expiresAtMs)).toBeNull()
  })

  it('never contains the key', async () => {
    const { token } = await sessions.start('Ada', NOW_MS)
    const said = token + JSON.stringify(decodeJwt(token))
    for (const secret of Object.values(KEYS)) expect(said).not.toContain(secret)
  })

  it('ends with the key or the secret that it was made with', async () => {
    const { token } = await sessions.start('Ada', NOW_MS)
    for (const changed of [
      { adminApiKey: 'another key' },
      { sessionSecret: 'another secret, as long as that' },
    ]) {
      expect(await createOperatorSessions({ ...KEYS, ...changed }).verify(token, NOW_MS)).toBeNull()
    }
    expect(await createOperatorSessions({ ...KEYS }).verify(token, NOW_MS)).not.toBeNull()
  })

  it('is renewed in its second half, and not before', async () => {
    const { session } = await sessions.start('Ada', NOW_MS)
    expect(await sessions.renew(session, NOW_MS + 14 * MINUTE_MS)).toBeNull()
    const renewed = await sessions.renew(session, NOW_MS + 16 * MINUTE_MS)
    expect(renewed?.session).toEqual({ ...session, expiresAtMs: session.startedAtMs + 46 * MINUTE_MS })
    expect(await sessions.verify(renewed?.token ?? '', NOW_MS + 45 * MINUTE_MS)).toEqual(renewed?.session)
  })

  it('ends twelve hours after the sign-in, however often it is renewed', async () => {
    let { session } = await sessions.start('Ada', NOW_MS)
    let renewals = 0
    for (let nowMs = NOW_MS; nowMs < session.expiresAtMs; nowMs += MINUTE_MS) {
      const renewed = await sessions.renew(session, nowMs)
      if (renewed === null) continue
      session = renewed.session
      renewals += 1
    }
    expect(renewals).toBeGreaterThan(40)
    expect(session.expiresAtMs).toBe(session.startedAtMs + 12 * HOUR_MS)
  })

  it('is nothing that anybody else can make', async () => {
    const guest = await createGuestTokens({ ...KEYS, visitorTokenTtlSeconds: 3_600 }).createGuest(NOW_MS)
    const claims = { auth_time: NOW_MS / 1_000, role: 'ADMIN' }
    const forged = new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('Mallory')
      .setIssuer('usher:operator')
      .setAudience('usher:console')
      .setExpirationTime(NOW_MS / 1_000 + 60)
    const unsigned = new UnsecuredJWT(claims)
      .setSubject('Mallory')
      .setIssuer('usher:operator')
      .setAudience('usher:console')
      .setExpirationTime(NOW_MS / 1_000 + 60)
      .encode()
    const keys = Object.values(KEYS).map((key) => new TextEncoder().encode(key))
    const tokens = [
      guest?.token ?? '',
      unsigned,
      '',
      'eyJ.eyJ.x',
      ...(await Promise.all(keys.map((key) => forged.sign(key)))),
    ]
    for (const token of tokens) expect(await sessions.verify(token, NOW_MS)).toBeNull()
  })
})
