import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import type { ConfigEnv } from '../../../src/config.ts'
import { signingJwks } from '../tokens/keys.ts'
import { TEST_ENV } from './gateway.ts'

const DEPLOYMENT: ConfigEnv = { ...TEST_ENV, USHER_STAGE: 'production' }

function faults(env: ConfigEnv): string[] {
  const parsed = parseConfig(env)
  return parsed.ok ? [] : parsed.error.map((problem) => problem.variable)
}

describe('the configuration', () => {
  it('of a local run needs no keys of operator and origin', () => {
    const { ADMIN_API_KEY: _admin, ORIGIN_API_KEY: _origin, ...rest } = TEST_ENV
    expect(parseConfig(rest)).toMatchObject({
      ok: true,
      value: {
        adminApiKey: 'dev-admin-key',
        originApiKey: 'dev-origin-key',
        rateLimits: false,
        stage: 'local',
      },
    })
  })

  it('of a deployment reports every missing secret at once', () => {
    expect(faults({ USHER_STAGE: 'production' })).toEqual([
      'ADMIN_API_KEY',
      'ORIGIN_API_KEY',
      'SESSION_SECRET',
      'ENTRY_TOKEN_PRIVATE_JWKS',
      'UPSTASH_REDIS_REST_URL',
      'UPSTASH_REDIS_REST_TOKEN',
    ])
    // Without a stage it is a deployment as well.
    expect(faults({})).toHaveLength(6)
  })

  it('of a deployment limits rates unless told otherwise', () => {
    expect(parseConfig(DEPLOYMENT)).toMatchObject({
      ok: true,
      value: { rateLimits: true, stage: 'deployment' },
    })
    expect(parseConfig({ ...DEPLOYMENT, RATE_LIMITS: 'off' })).toMatchObject({
      ok: true,
      value: { rateLimits: false },
    })
  })

  it.each([
    ['the local key of the operator', { ADMIN_API_KEY: 'dev-admin-key' }, 'ADMIN_API_KEY'],
    ['the local key of the origin', { ORIGIN_API_KEY: 'dev-origin-key' }, 'ORIGIN_API_KEY'],
    ['a key that can be guessed', { ADMIN_API_KEY: 'short' }, 'ADMIN_API_KEY'],
    ['one key for both', { ORIGIN_API_KEY: TEST_ENV.ADMIN_API_KEY }, 'ORIGIN_API_KEY'],
    ['a short session secret', { SESSION_SECRET: 'short' }, 'SESSION_SECRET'],
    ['keys that are not JSON', { ENTRY_TOKEN_PRIVATE_JWKS: '{' }, 'ENTRY_TOKEN_PRIVATE_JWKS'],
    ['no key in the key set', { ENTRY_TOKEN_PRIVATE_JWKS: '{"keys":[]}' }, 'ENTRY_TOKEN_PRIVATE_JWKS'],
    ['an unknown algorithm', { ENTRY_TOKEN_ALG: 'none' }, 'ENTRY_TOKEN_ALG'],
    ['HS512 without its secret', { ENTRY_TOKEN_ALG: 'HS512' }, 'ENTRY_TOKEN_SECRET'],
    ['HS512 with a short one', { ENTRY_TOKEN_ALG: 'HS512', ENTRY_TOKEN_SECRET: 'x' }, 'ENTRY_TOKEN_SECRET'],
    ['a store that is no URL', { UPSTASH_REDIS_REST_URL: 'redis.example' }, 'UPSTASH_REDIS_REST_URL'],
    ['an identity provider without issuer', { IDENTITY_JWKS_URL: 'https://id.example/k' }, 'IDENTITY_ISSUER'],
    ['an issuer without keys', { IDENTITY_ISSUER: 'x' }, 'IDENTITY_JWKS_URL'],
    ['a wildcard origin', { CORS_ORIGINS: '*' }, 'CORS_ORIGINS'],
    ['an origin with a path', { CORS_ORIGINS: 'https://shop.example/' }, 'CORS_ORIGINS'],
    ['a switch that is neither on nor off', { RATE_LIMITS: 'maybe' }, 'RATE_LIMITS'],
    ['a number that is none', { PROMOTION_ALARM_PER_SECOND: '1e9' }, 'PROMOTION_ALARM_PER_SECOND'],
    ['a retention shorter than a minute', { ENDED_RETENTION_SECONDS: '59' }, 'ENDED_RETENTION_SECONDS'],
    ['a shop that is a script', { SHOP_URL: 'javascript:alert(1)' }, 'SHOP_URL'],
  ])('refuses %s', (_what, change, variable) => {
    expect(faults({ ...DEPLOYMENT, ...change })).toContain(variable)
  })
})

describe('the keys of a configuration', () => {
  it('are never symmetric for the identity provider', () => {
    const provider = {
      IDENTITY_JWKS_URL: 'https://id.example/k',
      IDENTITY_ISSUER: 'i',
      IDENTITY_AUDIENCE: 'a',
    }
    expect(faults({ ...DEPLOYMENT, ...provider, IDENTITY_ALG: 'HS256' })).toEqual(['IDENTITY_ALG'])
    expect(faults({ ...DEPLOYMENT, ...provider })).toEqual([])
  })

  it('are one or two for signing, with different ids', async () => {
    const withKeys = (keys: unknown[]) =>
      faults({ ...DEPLOYMENT, ENTRY_TOKEN_PRIVATE_JWKS: JSON.stringify({ keys }) })
    expect(withKeys(await signingJwks('a', 'b'))).toEqual([])
    expect(withKeys(await signingJwks('a', 'a'))).toEqual(['ENTRY_TOKEN_PRIVATE_JWKS'])
    expect(withKeys(await signingJwks('a', 'b', 'c'))).toEqual(['ENTRY_TOKEN_PRIVATE_JWKS'])
    const [{ d: _private, ...publicKey } = {}] = await signingJwks('a')
    expect(withKeys([publicKey])).toEqual(['ENTRY_TOKEN_PRIVATE_JWKS'])
  })

  it('are not repeated in what is reported of them', () => {
    const secrets = {
      ADMIN_API_KEY: 'hunter2',
      SESSION_SECRET: 'hunter2',
      ENTRY_TOKEN_PRIVATE_JWKS: 'hunter2',
    }
    const parsed = parseConfig({ ...DEPLOYMENT, ...secrets, RATE_LIMITS: 'hunter2', CORS_ORIGINS: 'hunter2' })
    expect(JSON.stringify(parsed)).not.toContain('hunter2')
  })
})
