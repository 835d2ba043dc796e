import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { buildPages } from '../../../dev/pages.ts'
import { PROJECT_ROOT } from '../../../dev/settings.ts'
import { ADMIN_PAGE } from '../../../src/http/pages/admin-page.ts'

it('the whole console is 30 kB at most as it travels', () => {
  const outDir = mkdtempSync(join(tmpdir(), 'usher-console-'))
  try {
    buildPages(PROJECT_ROOT, outDir)
    const files = ['admin.js', 'admin.css', 'icon.svg'].map((name) => readFileSync(join(outDir, name)))
    const sizes = [Buffer.from(ADMIN_PAGE), ...files].map((content) => gzipSync(content).byteLength)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(30_000)
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
})
