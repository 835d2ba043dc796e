/** What a killed run leaves behind, and that one state directory has one run. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { endOrphan, recordOf, recordProcess } from '../../dev/processes.ts'
import { localSecrets } from '../../dev/secrets.ts'
import { claimStateDir } from '../../dev/state-dir.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'usher-state-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

describe('orphans', () => {
  it('a recorded process that still runs is ended', async () => {
    const file = join(directory, 'sleeper.json')
    const child = spawn('sleep', ['60'])
    const ended = once(child, 'exit')
    recordProcess(file, child.pid ?? 0)
    expect(await endOrphan(file)).toBe(child.pid)
    await ended
    expect(existsSync(file)).toBe(false)
  })

  it('another process that has got the same number is left alone', async () => {
    const file = join(directory, 'sleeper.json')
    const child = spawn('sleep', ['60'])
    writeFileSync(file, JSON.stringify({ pid: child.pid, identity: 'an earlier one' }))
    expect(await endOrphan(file)).toBeNull()
    expect(child.exitCode).toBeNull()
    child.kill()
    await once(child, 'exit')
  })

  it.each(['', '{', '{"pid":"1","identity":""}'])(
    'a half-written record is forgotten: %j',
    async (content) => {
      const file = join(directory, 'sleeper.json')
      writeFileSync(file, content)
      expect(await endOrphan(file)).toBeNull()
      expect(existsSync(file)).toBe(false)
    },
  )
})

describe('state directory', () => {
  it('is refused while another run has it, with the number of its process', () => {
    const claimed = claimStateDir(directory)
    expect(() => claimStateDir(directory)).toThrow(`in use by process ${process.pid}`)
    claimed.release()
    claimStateDir(directory).release()
  })

  it('is taken over from a run that was killed', () => {
    writeFileSync(
      join(directory, 'usher.lock'),
      JSON.stringify({ ...recordOf(process.pid), identity: 'killed' }),
    )
    const claimed = claimStateDir(directory)
    expect(() => claimStateDir(directory)).toThrow('in use')
    claimed.release()
  })

  it('a late release does not free it for somebody else', () => {
    const first = claimStateDir(directory)
    first.release()
    const second = claimStateDir(directory)
    first.release()
    expect(() => claimStateDir(directory)).toThrow('in use')
    second.release()
  })
})

describe('secrets', () => {
  it('are made once, and differ between state directories', () => {
    const first = localSecrets(join(directory, 'a.json'))
    expect(localSecrets(join(directory, 'a.json'))).toEqual(first)
    expect(localSecrets(join(directory, 'b.json')).SESSION_SECRET).not.toBe(first.SESSION_SECRET)
  })

  it('hold one private ES256 key with an id, and long enough shared ones', () => {
    const secrets = localSecrets(join(directory, 'a.json'))
    const { keys } = JSON.parse(secrets.ENTRY_TOKEN_PRIVATE_JWKS) as { keys: object[] }
    expect(keys).toEqual([
      expect.objectContaining({ kty: 'EC', crv: 'P-256', d: expect.any(String), kid: expect.any(String) }),
    ])
    expect(secrets.SESSION_SECRET.length).toBeGreaterThanOrEqual(32)
    expect(secrets.ENTRY_TOKEN_SECRET.length).toBeGreaterThanOrEqual(64)
  })

  it('a broken file is not replaced: tokens may depend on it', () => {
    writeFileSync(join(directory, 'a.json'), '{')
    expect(() => localSecrets(join(directory, 'a.json'))).toThrow('cannot be read')
  })
})
