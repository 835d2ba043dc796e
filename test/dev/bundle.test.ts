/** The bundle follows its sources, and a start that fails leaves nothing behind. */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { bundleWorker, type WorkerBundle } from '../../dev/bundle.ts'
import { PAGES_ARE_BUILT } from '../../dev/pages.ts'
import { startUsher } from '../../dev/runtime.ts'
import { PROJECT_ROOT, readSettings } from '../../dev/settings.ts'
import { claimStateDir } from '../../dev/state-dir.ts'

let root: string
let cacheDir: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'usher-project-'))
  cacheDir = join(root, 'cache')
  cpSync(join(PROJECT_ROOT, 'wrangler.toml'), join(root, 'wrangler.toml'))
  for (const directory of ['src', 'lua', 'public']) mkdirSync(join(root, directory))
  writeFileSync(join(root, 'lua/one.lua'), 'return 1')
  // The toml's own build of the pages: a bundle has built them once, and does not rely on dist/public.
  mkdirSync(join(root, 'dev'))
  writeFileSync(join(root, 'dev/pages.ts'), `process.exit(process.env['${PAGES_ARE_BUILT}'] === '1' ? 0 : 1)`)
  mkdirSync(join(root, 'migrations/d1'), { recursive: true })
  writeWorker('first')
})
afterEach(() => rmSync(root, { recursive: true }))

function writeWorker(answer: string): void {
  const source = [
    "import { DurableObject } from 'cloudflare:workers'",
    "import one from '../lua/one.lua'",
    'export class EventLine extends DurableObject {}',
    'export class EventRegistry extends DurableObject {}',
    'export class IdempotencyShard extends DurableObject {}',
    'export class JoinShard extends DurableObject {}',
    'export class StreamShard extends DurableObject {}',
    'export class AuditLog extends DurableObject {}',
    'export class SeatOffice extends DurableObject {}',
    'export class WalletShard extends DurableObject {}',
    'export class DeadLetters extends DurableObject {}',
    'export class DropObject extends DurableObject {}',
    'export class DropDirectory extends DurableObject {}',
    'export class ClaimLane extends DurableObject {}',
    `export default { fetch: () => Response.json({ answer: '${answer}', one }) }`,
  ]
  writeFileSync(join(root, 'src/worker.ts'), source.join('\n'))
}

async function answerOfARun(): Promise<unknown> {
  const settings = { USHER_REDIS: 'embedded' }
  const usher = await startUsher({
    root,
    stateDir: join(root, 'state'),
    bundleDir: cacheDir,
    settings,
    cron: false,
  })
  try {
    return await (await fetch(`${usher.url}/api/x`)).json()
  } finally {
    await usher.stop()
  }
}

it('a page is served as it was when its bundle was made, whatever is built later', async () => {
  writeFileSync(join(root, 'public/page.css'), 'body { margin: 0 }')
  mkdirSync(join(root, 'src/pages/wait'), { recursive: true })
  writeFileSync(join(root, 'src/pages/wait/main.ts'), "const title: string = 'first'\ndocument.title = title")
  const first = await bundleWorker(root, cacheDir)
  writeFileSync(join(root, 'src/pages/wait/main.ts'), "document.title = 'second'")
  const second = await bundleWorker(root, cacheDir)
  expect(pageFile(first, 'wait.js')).toContain('first')
  expect(pageFile(first, 'wait.js')).not.toContain('string')
  expect(pageFile(second, 'wait.js')).toContain('second')
  expect(pageFile(second, 'page.css').trim()).toBe('body{margin:0}')
})

function pageFile({ options }: WorkerBundle, name: string): string {
  return readFileSync(join(options.assets?.directory ?? '', name), 'utf8')
}

it('a changed source is served by the next start, an unchanged one is not bundled again', async () => {
  expect(await answerOfARun()).toEqual({ answer: 'first', one: 'return 1' })
  const [bundle] = readdirSync(cacheDir)
  expect(await answerOfARun()).toEqual({ answer: 'first', one: 'return 1' })
  expect(readdirSync(cacheDir)).toEqual([bundle])
  writeWorker('second')
  writeFileSync(join(root, 'lua/one.lua'), 'return 2')
  expect(await answerOfARun()).toEqual({ answer: 'second', one: 'return 2' })
})

it('declares what wrangler.toml declares, and nothing of .dev.vars', async () => {
  writeFileSync(join(root, '.dev.vars'), 'SESSION_SECRET=from-dev-vars\n')
  const { name, options, modules } = await bundleWorker(root, cacheDir)
  expect(name).toBe('usher')
  expect(Object.keys(options['durableObjects'] ?? {})).toEqual([
    'EVENT_LINE',
    'EVENT_REGISTRY',
    'IDEMPOTENCY_SHARD',
    'JOIN_SHARD',
    'STREAM_SHARD',
    'AUDIT_LOG',
    'SEAT_OFFICE',
    'WALLET_SHARD',
    'DEAD_LETTERS',
    'DROP',
    'DROP_DIRECTORY',
    'CLAIM_LANE',
  ])
  expect(options.cronTriggers).toEqual(['* * * * *'])
  expect(options.bindings).toEqual({ USHER_STAGE: 'production' })
  expect(modules.map(({ type }) => type)).toEqual(['ESModule', 'Text'])
})

it('two that make the same bundle at once both get it', async () => {
  const bundles = await Promise.all([bundleWorker(root, cacheDir), bundleWorker(root, cacheDir)])
  expect(bundles[1]).toEqual(bundles[0])
  expect(readdirSync(cacheDir)).toHaveLength(1)
})

it('a Worker that does not compile is reported, and the state directory is free again', async () => {
  appendFileSync(join(root, 'src/worker.ts'), "\nimport './nowhere.ts'")
  await expect(answerOfARun()).rejects.toThrow(/cannot be bundled[^]*nowhere/)
  claimStateDir(join(root, 'state')).release()
})

it('the environment wins over .dev.vars', () => {
  writeFileSync(join(root, '.dev.vars'), 'A=file\nB=\'file with "quotes"\'\n')
  expect(readSettings(root, { A: 'environment' })).toEqual({ A: 'environment', B: 'file with "quotes"' })
})

it('the Hyperdrive of a deployment, once its lines are no comment, is none of a local run', async () => {
  const file = join(root, 'wrangler.toml')
  const lines = readFileSync(file, 'utf8').split('\n')
  const start = lines.indexOf('# [[hyperdrive]]')
  const hyperdrive = lines.slice(start, start + 4).map((line) => line.replace('# ', ''))
  expect(hyperdrive.map((line) => line.split(' = ')[0])).toEqual([
    '[[hyperdrive]]',
    'binding',
    'id',
    'localConnectionString',
  ])
  writeFileSync(file, lines.toSpliced(start, 4, ...hyperdrive).join('\n'))
  const { options } = await bundleWorker(root, cacheDir)
  expect(Object.keys(options.hyperdrives ?? {})).toEqual([])
})
