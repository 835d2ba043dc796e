/** INV-11 on the real runtime, issued by a Durable Object and recorded in D1. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROJECT_ROOT } from '../../../dev/settings.ts'
import { violationsOf } from '../../support/drops/books.ts'
import { again, killRuntime, rushForCoupons, withUsher } from '../../support/drops/coupons.ts'
import { DropsApi } from '../../support/drops/drops-api.ts'
import { faultsOf, withFaults } from '../../support/drops/faulty-usher.ts'
import { claimantsOf, rush } from '../../support/drops/rush.ts'
import { BUNDLE_DIR } from '../../support/usher.ts'

const DIRECT = { bundleDir: BUNDLE_DIR, direct: true }
const FAULTY = { ...DIRECT, wrap: withFaults }

describe('1,000 coupons of an object, 5,000 visitors, 3 tries each, 200 at a time', () => {
  it('INV-11: all are issued, each once and to one visitor; the others hear sold-out, and repetitions the same', () =>
    withUsher(DIRECT, async (usher) => {
      await rushForCoupons(usher, { strategy: 'object', seed: 1, lost: 'nothing' })
    }))

  it('INV-11: the same when writes of records happen twice, or end in an error after they happened', () =>
    withUsher(FAULTY, async (usher) => {
      await rushForCoupons(usher, { strategy: 'object', seed: 2, lost: 'nothing' })
      const { writtenTwice, writeThrew } = await faultsOf(usher.url)
      expect(writtenTwice).toBeGreaterThan(0)
      expect(writeThrew).toBeGreaterThan(0)
    }))

  it('INV-11: the same when the runtime is killed again and again in the middle', () =>
    withUsher(DIRECT, async (usher) => {
      const troubles = again(() => killRuntime(usher))
      const { lost } = await rushForCoupons(usher, { strategy: 'object', seed: 3, lost: 'answers', troubles })
      expect(lost).toBeGreaterThan(0)
    }))
})

describe('a control: the same without the look whether a coupon is left', () => {
  it('issues more than there are, and codes twice, so the rushes above would have seen it', async () => {
    const root = mkdtempSync(join(tmpdir(), 'usher-unguarded-'))
    try {
      for (const part of ['src', 'dev', 'lua', 'public', 'migrations', 'wrangler.toml', 'package.json'])
        cpSync(join(PROJECT_ROOT, part), join(root, part), { recursive: true })
      symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(root, 'node_modules'))
      unguard(join(root, 'src/drops/objects'))
      await withUsher({ root, bundleDir: join(root, 'bundle'), direct: true }, async (usher) => {
        const [dropId, stock] = ['unguarded', 50]
        await new DropsApi(usher.api).create(dropId, { stock })
        const claimants = await claimantsOf(usher, 200)
        const { told } = await rush(usher.url, { dropId, claimants, tries: 1, width: 50, seed: 4 })
        const rows = [...told].flatMap(([userId, answers]) =>
          answers.flatMap(({ code, status }) => (status === 201 && code !== null ? [{ userId, code }] : [])),
        )
        const reconciled = {
          stock,
          issued: rows.length,
          pending: 0,
          failed: 0,
          remaining: 0,
          consistent: true,
        }
        const books = {
          stock,
          codes: null,
          told,
          mine: new Map(),
          rows,
          reconciled,
          lost: 'nothing',
        } as const
        const found = violationsOf(books).join('; ')
        expect(found).toContain('oversold')
        expect(found).toContain('codes were issued twice')
      })
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  })
})

/** Nobody looks what is left, and the codes begin again when they are over: a claim without one would end it with an error. */
function unguard(objects: string): void {
  replaceIn(join(objects, 'object-issuer.ts'), 'this.#taken < stock', 'this.#taken >= 0')
  const position = 'codes.position = claims.position)'
  const again = 'codes.position = (claims.position - 1) % (SELECT max(position) FROM codes) + 1)'
  replaceIn(join(objects, 'claim-rows.ts'), position, again)
}

function replaceIn(file: string, before: string, after: string): void {
  const text = readFileSync(file, 'utf8')
  expect(text).toContain(before)
  writeFileSync(file, text.replace(before, after))
}
