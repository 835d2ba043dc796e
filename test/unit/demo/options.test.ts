import { describe, expect, it } from 'vitest'
import { assignRoles } from '../../../demo/crowd.ts'
import { parseOptions } from '../../../demo/options.ts'

describe('parseOptions', () => {
  it('without arguments is the documented demo', () => {
    expect(parseOptions([], {}, 'abc')).toMatchObject({
      ok: true,
      value: {
        fans: 500,
        capacity: 50,
        eventId: 'demo-abc',
        shopMs: { min: 1_000, max: 4_000 },
        timeoutSeconds: 300,
        adminKey: 'dev-admin-key',
        originKey: 'dev-origin-key',
      },
    })
  })

  it('takes the keys from the environment, and an argument before it', () => {
    const env = { ADMIN_API_KEY: 'from-env', ORIGIN_API_KEY: 'from-env' }
    expect(parseOptions(['--admin-key', 'given'], env, 'abc')).toMatchObject({
      value: { adminKey: 'given', originKey: 'from-env' },
    })
  })

  it.each([
    'http://example.com',
    'https://127.0.0.1',
    'http://127.0.0.1.example.com',
    'http://10.0.0.1:8787',
    'http://user@192.168.0.1',
    'ftp://localhost',
    'nonsense',
  ])('never lets the crowd loose on another machine: %s', (url) => {
    expect(parseOptions(['--url', url], {}, 'abc')).toMatchObject({ ok: false })
  })

  it.each([
    ['--fans', '0'],
    ['--fans', '5001'],
    ['--fans', '1e3'],
    ['--capacity', '-1'],
    ['--timeout', '9999'],
    ['--walk-away', '1.5'],
    ['--leave', 'some'],
    ['--shop-seconds', '4..1'],
    ['--shop-seconds', '1..100'],
    ['--event', 'no spaces'],
    ['--unknown', '1'],
  ])('refuses %s %s', (name, value) => {
    expect(parseOptions([`${name}=${value}`], {}, 'abc')).toMatchObject({ ok: false })
  })

  it('refuses shares that are more than everybody', () => {
    expect(parseOptions(['--walk-away', '0.5', '--leave', '0.6'], {}, 'abc')).toMatchObject({ ok: false })
  })
})

describe('assignRoles', () => {
  it('gives every fan a role, as many as the shares say', () => {
    const roles = assignRoles({ fans: 100, walkAwayShare: 0.11, leaveShare: 0.05, reconnectShare: 0.1 })
    const count = (role: string): number => roles.filter((other) => other === role).length
    expect(['no-show', 'abandon', 'leave', 'reconnect', 'shopper'].map(count)).toEqual([6, 5, 5, 10, 74])
  })
})
