/** How keys are compared: the time that it takes says nothing about them. */
import * as crypto from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { authenticate } from '../../../src/http/credentials.ts'
import { sameSecret } from '../../../src/http/digest.ts'
import { ADMIN_KEY, ORIGIN_KEY, bearer, createGateway } from './gateway.ts'

const SOURCES = fileURLToPath(new URL('../../../src/', import.meta.url))

// The real one, watched.
vi.mock('node:crypto', async (importOriginal) => {
  const original = await importOriginal<typeof crypto>()
  return { ...original, timingSafeEqual: vi.fn(original.timingSafeEqual) }
})
const compared = vi.mocked(crypto.timingSafeEqual)

function digestOf(text: string): Uint8Array {
  return new Uint8Array(crypto.createHash('sha256').update(text).digest())
}

describe('two secrets', () => {
  it.each([
    ['', ''],
    ['', 'key'],
    ['key', 'key'],
    ['key', 'kez'],
    ['key', 'key '],
    ['key', 'ke'],
    ['k\u00e9y', 'ke\u0301y'],
    ['x'.repeat(100_000), 'x'.repeat(100_000)],
    ['x'.repeat(100_000), `${'x'.repeat(99_999)}y`],
  ])('are the same exactly when every character is', (left, right) => {
    expect(sameSecret(left, right)).toBe(left === right)
  })

  it('are never compared themselves, but their digests to the end, whatever length they have', () => {
    for (const presented of ['', 'a', ADMIN_KEY, `${ADMIN_KEY}x`, 'x'.repeat(100_000)]) {
      compared.mockClear()
      sameSecret(presented, ADMIN_KEY)
      expect(compared.mock.calls).toEqual([[digestOf(presented), digestOf(ADMIN_KEY)]])
    }
  })

  it('are every key in turn until one fits, each compared so', async () => {
    const { deps } = createGateway()
    const calls = async (key: string): Promise<number> => {
      compared.mockClear()
      await authenticate(new Headers(bearer(key)), 'operator', deps)
      return compared.mock.calls.length
    }
    expect([await calls(ADMIN_KEY), await calls(ORIGIN_KEY), await calls('neither')]).toEqual([1, 2, 2])
  })
})

describe('the source', () => {
  it('knows one way to compare a key', () => {
    const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    )
    const comparisons = files.flatMap((file) =>
      readFileSync(join(SOURCES, file), 'utf8')
        .split('\n')
        .filter((line) =>
          /[=!]==?[^=>].*(?:ApiKey|sessionSecret)|(?:ApiKey|sessionSecret)\b.*[=!]==/.test(line),
        )
        .map((line) => `${file}: ${line.trim()}`),
    )
    // The configuration compares its own two keys with each other; nobody from outside is there to watch.
    expect(comparisons).toEqual([
      "config.ts: if (config.adminApiKey !== '' && config.adminApiKey === config.originApiKey) {",
    ])
  })
})

describe('the time that a comparison takes', () => {
  const ROUNDS = 20_000
  /** Far longer than any key, so that the control has something to show. */
  const KEY = 'k'.repeat(4_096)
  const EARLY = `x${'k'.repeat(4_095)}`
  const LATE = `${'k'.repeat(4_095)}x`
  type Compare = (presented: string, ours: string) => boolean | Promise<boolean>

  async function elapsedNs(compare: Compare, presented: string): Promise<number> {
    const startedAtNs = process.hrtime.bigint()
    await compare(presented, KEY)
    return Number(process.hrtime.bigint() - startedAtNs)
  }

  /** In turn, so that whatever else the machine does meets both. `noise`: between two halves of the same. */
  async function medians(compare: Compare): Promise<{ early: number; late: number; noise: number }> {
    const [early, late]: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round += 1) {
      early.push(await elapsedNs(compare, EARLY))
      late.push(await elapsedNs(compare, LATE))
    }
    const halves = [early.filter((_, round) => round % 2 === 0), early.filter((_, round) => round % 2 === 1)]
    const [one = 0, other = 0] = halves.map(median)
    return { early: median(early), late: median(late), noise: Math.abs(one - other) }
  }

  it('does not tell how much was right; printed for people', { timeout: 60_000 }, async () => {
    const ours = await medians(sameSecret)
    // The control returns at the first difference.
    const control = await medians((presented, key) => presented === key)
    console.log('nanoseconds of a wrong key, by where it differs first', { ours, control })
    // Loose on purpose, machines are busy. The two tests above are the proof; this is a look at the whole.
    expect(Math.abs(ours.late - ours.early)).toBeLessThan(ours.early / 4)
  })
})

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
