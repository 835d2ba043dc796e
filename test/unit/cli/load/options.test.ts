import { describe, expect, it } from 'vitest'
import { loadCommand } from '../../../../src/cli/commands/load.ts'
import { assignRoles } from '../../../../src/cli/load/crowd.ts'
import { loadOptions } from '../../../../src/cli/load/options.ts'
import type { LoadOptions } from '../../../../src/cli/load/options.ts'
import { parseArguments } from '../../../../src/cli/parse.ts'
import { fakeIo } from '../fake-io.ts'

async function optionsOf(argv: readonly string[], env: Record<string, string> = {}): Promise<LoadOptions> {
  return loadOptions({ args: parseArguments(loadCommand, argv), io: fakeIo({ env }), isJson: false }, 'abc')
}

describe('loadOptions', () => {
  it('without arguments is the documented demo', async () => {
    expect(await optionsOf([])).toMatchObject({
      fans: 500,
      capacity: 50,
      eventId: 'demo-abc',
      shopMs: { min: 1_000, max: 4_000 },
      timeoutSeconds: 300,
      adminKey: 'dev-admin-key',
      originKey: 'dev-origin-key',
    })
  })

  it('takes the keys from the environment', async () => {
    const env = { ADMIN_API_KEY: 'a-key', ORIGIN_API_KEY: 'another-key' }
    expect(await optionsOf([], env)).toMatchObject({ adminKey: 'a-key', originKey: 'another-key' })
  })

  it.each([
    'http://example.com',
    'https://127.0.0.1',
    'http://127.0.0.1.example.com',
    'http://10.0.0.1:8787',
    'http://user@192.168.0.1',
    'ftp://localhost',
    'nonsense',
  ])('never lets the crowd loose on another machine: %s', async (url) => {
    await expect(optionsOf(['--url', url])).rejects.toThrow('--url')
    await expect(optionsOf([], { USHER_URL: url })).rejects.toThrow('--url')
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
  ])('refuses %s %s', async (name, value) => {
    await expect(optionsOf([`${name}=${value}`])).rejects.toMatchObject({ exitCode: 2 })
  })

  it('refuses shares that are more than everybody', async () => {
    await expect(optionsOf(['--walk-away', '0.5', '--leave', '0.6'])).rejects.toThrow('more than 1')
  })
})

describe('assignRoles', () => {
  it('gives every fan a role, as many as the shares say', () => {
    const roles = assignRoles({ fans: 100, walkAwayShare: 0.11, leaveShare: 0.05, reconnectShare: 0.1 })
    const count = (role: string): number => roles.filter((other) => other === role).length
    expect(['no-show', 'abandon', 'leave', 'reconnect', 'shopper'].map(count)).toEqual([6, 5, 5, 10, 74])
  })
})
