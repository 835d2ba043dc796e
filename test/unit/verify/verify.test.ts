/**
 * What a shop may rely on when it checks entry tokens itself: only Usher's signature opens, for this shop and this
 * event, and nothing of a refused token is said again.
 */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JSONWebKeySet } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createVerifier, EntryTokenError } from '../../../src/verify/verify.ts'

const SECRET = 'k'.repeat(64)
const CLAIMS = { eventId: 'demo', purpose: 'QUEUE_ENTRY' }

type Signer = { kid: string; privateKey: CryptoKey; publicKey: CryptoKey }
let first: Signer
let second: Signer
let jwks: JSONWebKeySet

beforeAll(async () => {
  first = await makeSigner('first')
  second = await makeSigner('second')
  jwks = await keySetOf(first)
})

describe('a token of this waiting room', () => {
  it('answers who was admitted to what, until when', async () => {
    const issuedAt = Math.floor(Date.now() / 1_000)
    const ticket = await createVerifier({ jwks, eventId: 'demo' })(
      await signEs256({ iat: issuedAt, exp: issuedAt + 300 }),
    )
    expect(ticket).toEqual({
      admissionId: 'demo.AAAAAAAAAAAAAAAAAAAAAA',
      eventId: 'demo',
      userId: 'visitor-1',
      issuedAt: new Date(issuedAt * 1_000),
      expiresAt: new Date((issuedAt + 300) * 1_000),
    })
  })

  it('verifies with the shared secret when the waiting room signs HS512', async () => {
    const ticket = await createVerifier({ secret: SECRET })(
      await sign({}, { alg: 'HS512' }, new TextEncoder().encode(SECRET)),
    )
    expect(ticket.userId).toBe('visitor-1')
  })
})

describe('a forged token', () => {
  it('is refused when it is not signed at all (alg none)', async () => {
    const body = (await signEs256()).split('.')[1]
    const header = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')
    expect(await refusal({ jwks }, `${header}.${body}.`)).toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
  })

  it('is refused when the public key was used as an HMAC secret', async () => {
    const publicText = new TextEncoder().encode(JSON.stringify(jwks.keys[0]).padEnd(64))
    const forged = await sign({}, { alg: 'HS512', kid: 'first' }, publicText)
    expect(await refusal({ jwks }, forged)).toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
    expect(await refusal({ secret: SECRET }, await signEs256())).toMatchObject({
      code: 'ERR_TOKEN_SIGNATURE',
    })
  })

  it('is refused when HMAC is weaker than the one agreed on', async () => {
    const weaker = await sign({}, { alg: 'HS256' }, new TextEncoder().encode(SECRET))
    expect(await refusal({ secret: SECRET }, weaker)).toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
  })

  it('is refused when another key signed it, with a known or an unknown name', async () => {
    const impostor = { ...second, kid: 'first' }
    expect(await refusal({ jwks }, await signEs256({}, impostor))).toMatchObject({
      code: 'ERR_TOKEN_SIGNATURE',
    })
    expect(await refusal({ jwks }, await signEs256({}, second))).toMatchObject({
      code: 'ERR_TOKEN_SIGNATURE',
    })
  })

  it('is refused when one claim was changed after signing', async () => {
    const [header, , signature] = (await signEs256()).split('.')
    const other = (await signEs256({ sub: 'somebody-else' })).split('.')[1]
    const spliced = `${header}.${other}.${signature}`
    expect(await refusal({ jwks }, spliced)).toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
  })

  it.each(['', 'abc', 'a.b.c', '..', 'x'.repeat(5_000)])(
    'is malformed when it is no token: case %#',
    async (text) => {
      expect(await refusal({ jwks }, text)).toMatchObject({ code: 'ERR_TOKEN_MALFORMED', claim: null })
    },
  )
})

describe('a genuine token in the wrong place', () => {
  it('is refused for another event', async () => {
    const other = await signEs256({ eventId: 'other' })
    expect(await refusal({ jwks, eventId: 'demo' }, other)).toMatchObject({
      code: 'ERR_TOKEN_EVENT',
      claim: 'eventId',
    })
  })

  it('is refused after it expired, and within the tolerance it is not', async () => {
    const late = await signEs256({ exp: Math.floor(Date.now() / 1_000) - 5 })
    expect(await refusal({ jwks }, late)).toMatchObject({ code: 'ERR_TOKEN_EXPIRED', claim: 'exp' })
    await expect(createVerifier({ jwks, clockToleranceSeconds: 60 })(late)).resolves.toMatchObject({
      eventId: 'demo',
    })
  })

  it.each<[string, Record<string, unknown>]>([
    ['iss', { iss: 'another-room' }],
    ['aud', { aud: 'another-shop' }],
    ['purpose', { purpose: 'SESSION' }],
    ['eventId', { eventId: 7 }],
    ['sub', { sub: '' }],
    ['jti', { jti: undefined }],
    ['exp', { exp: undefined }],
  ])('is refused for its claim %s', async (claim, changed) => {
    expect(await refusal({ jwks }, await signEs256(changed))).toMatchObject({
      code: 'ERR_TOKEN_CLAIM',
      claim,
    })
  })

  it('is not repeated in the refusal, nor are its values', async () => {
    const token = await signEs256({ eventId: 'other', sub: 'secret-visitor' })
    const error = await refusal({ jwks, eventId: 'demo' }, token)
    const said = `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`
    expect(said).not.toContain(token.slice(0, 20))
    expect(said).not.toContain('secret-visitor')
  })
})

describe('the keys over HTTP', () => {
  const servers: Server[] = []
  afterEach(() => {
    vi.useRealTimers()
    for (const server of servers.splice(0)) server.close()
  })

  it('a rotated key is fetched when a token names it, and the old one goes on while it is published', async () => {
    const published = { keySet: await keySetOf(first), requests: 0 }
    const verify = createVerifier({ jwksUrl: await serveKeys(published) })
    await verify(await signEs256({}, first))
    await verify(await signEs256({}, first))
    expect(published.requests).toBe(1)

    published.keySet = await keySetOf(first, second)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6_000 })
    await expect(verify(await signEs256({}, second))).resolves.toMatchObject({ eventId: 'demo' })
    await expect(verify(await signEs256({}, first))).resolves.toMatchObject({ eventId: 'demo' })
    expect(published.requests).toBe(2)
  })

  it('made-up key names do not make the shop hammer the waiting room', async () => {
    const published = { keySet: jwks, requests: 0 }
    const verify = createVerifier({ jwksUrl: await serveKeys(published) })
    for (const kid of ['a', 'b', 'c', 'd']) {
      const forged = await signEs256({}, { ...second, kid })
      await expect(verify(forged)).rejects.toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
    }
    expect(published.requests).toBe(1)
  })

  it('without keys nothing is taken on trust', async () => {
    const published = { keySet: { keys: 'no list' } as unknown as JSONWebKeySet, requests: 0 }
    const url = await serveKeys(published)
    expect(await refusal({ jwksUrl: url }, await signEs256())).toMatchObject({ code: 'ERR_KEYS_UNAVAILABLE' })
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
    expect(await refusal({ jwksUrl: url }, await signEs256())).toMatchObject({ code: 'ERR_KEYS_UNAVAILABLE' })
  })

  async function serveKeys(published: { keySet: JSONWebKeySet; requests: number }): Promise<string> {
    const server = createServer((_request, response) => {
      published.requests += 1
      response.setHeader('Content-Type', 'application/json').setHeader('Connection', 'close')
      response.end(JSON.stringify(published.keySet))
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`
  }
})

describe('unsafe options', () => {
  it.each([
    [{ secret: 'short' }, 'secret'],
    [{ jwksUrl: 'http://shop.example/jwks.json' }, 'https'],
    [{ jwksUrl: 'https://usher.example/jwks.json', secret: SECRET }, 'exactly one'],
    [{}, 'exactly one'],
  ])('are refused before any token is: %j', (options, reason) => {
    expect(() => createVerifier(options as Parameters<typeof createVerifier>[0])).toThrow(reason)
  })
})

async function refusal(
  options: Parameters<typeof createVerifier>[0],
  token: string,
): Promise<EntryTokenError> {
  const answer = await createVerifier(options)(token).catch((error: unknown) => error)
  if (!(answer instanceof EntryTokenError)) throw new Error(`expected a refusal, got ${String(answer)}`)
  return answer
}

function signEs256(changed: Record<string, unknown> = {}, signer: Signer = first): Promise<string> {
  return sign(changed, { alg: 'ES256', kid: signer.kid }, signer.privateKey)
}

function sign(
  changed: Record<string, unknown>,
  header: { alg: string; kid?: string },
  key: CryptoKey | Uint8Array,
): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1_000)
  const claims = {
    ...CLAIMS,
    iss: 'usher',
    aud: 'shop',
    sub: 'visitor-1',
    jti: 'demo.AAAAAAAAAAAAAAAAAAAAAA',
    iat: nowSeconds,
    exp: nowSeconds + 300,
    ...changed,
  }
  return new SignJWT(claims).setProtectedHeader(header).sign(key)
}

async function makeSigner(kid: string): Promise<Signer> {
  return { kid, ...(await generateKeyPair('ES256')) }
}

async function keySetOf(...signers: Signer[]): Promise<JSONWebKeySet> {
  const keys = signers.map(async ({ kid, publicKey }) => ({
    ...(await exportJWK(publicKey)),
    kid,
    alg: 'ES256',
    use: 'sig',
  }))
  return { keys: await Promise.all(keys) }
}
