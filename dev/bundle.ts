/**
 * The Worker as it deploys: wrangler's own bundle, and the bindings that wrangler.toml declares.
 *
 * Bundling costs a second or two, so the result is kept under a digest of everything that goes into it.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, extname, join } from 'node:path'
import { promisify } from 'node:util'
import type { V4ModuleDefinition, V4ModuleRule, V4WorkerOptionsShape } from 'miniflare'
import { buildPages, PAGES_ARE_BUILT } from './pages.ts'
import { WRANGLER, wranglerEnvironment } from './wrangler.ts'

export type WorkerBundle = {
  readonly name: string
  /** What wrangler.toml says, in miniflare's words. */
  readonly options: V4WorkerOptionsShape & { readonly cronTriggers?: string[] }
  /** The entry first. */
  readonly modules: V4ModuleDefinition[]
}

type Manifest = { name: string; entry: string; rules: V4ModuleRule[]; options: WorkerBundle['options'] }

const MANIFEST = 'manifest.json'
/** The pages' files, in the bundle's own directory: those of dist/public change with the next build. */
const PAGES = 'pages'
/** Few, as each is about a megabyte; more than one, for runs that share the directory. */
const BUNDLES_KEPT = 4
/** What the bundle and its bindings are made of, relative to the project. */
const SOURCES = [
  'src',
  'lua',
  'public',
  'dev/pages.ts',
  'wrangler.toml',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
]

/**
 * @param root the project: where wrangler.toml is.
 * @param cacheDir where the latest bundles are kept. Several runs may share it.
 */
export async function bundleWorker(root: string, cacheDir: string): Promise<WorkerBundle> {
  const directory = join(cacheDir, digestSources(root))
  if (!existsSync(join(directory, MANIFEST))) await build(root, cacheDir, directory)
  return read(directory)
}

async function build(root: string, cacheDir: string, directory: string): Promise<void> {
  mkdirSync(cacheDir, { recursive: true })
  const draft = mkdtempSync(join(cacheDir, 'draft-'))
  try {
    buildPages(root, join(draft, PAGES))
    const [manifest] = await Promise.all([readManifest(root), dryRun(root, draft)])
    writeFileSync(join(draft, MANIFEST), JSON.stringify(manifest))
    // Whole or not at all; of two that make the same bundle at once, the first one's stays.
    if (!existsSync(directory)) renameSync(draft, directory)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  removeOldest(cacheDir)
}

/** Leaves the latest bundles, which another run may be about to read. */
function removeOldest(cacheDir: string): void {
  const ages = readdirSync(cacheDir)
    .map((name) => ({ path: join(cacheDir, name), changedMs: statSync(join(cacheDir, name)).mtimeMs }))
    .toSorted((a, b) => b.changedMs - a.changedMs)
  for (const { path } of ages.slice(BUNDLES_KEPT)) rmSync(path, { recursive: true, force: true })
}

/** Bundles the Worker into a directory that has its pages. */
async function dryRun(root: string, outDir: string): Promise<void> {
  const flags = ['--dry-run', '--outdir', outDir, '--assets', join(outDir, PAGES)]
  try {
    await promisify(execFile)(process.execPath, [WRANGLER, 'deploy', ...flags], {
      cwd: root,
      env: { ...wranglerEnvironment(), NO_COLOR: '1', [PAGES_ARE_BUILT]: '1' },
    })
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
    throw new Error(`the Worker cannot be bundled:\n${output.trim()}`, { cause: error })
  }
}

async function readManifest(root: string): Promise<Manifest> {
  // Half of wrangler is loaded for this, hence only when something has changed.
  const { unstable_getMiniflareWorkerOptions: toMiniflareOptions, unstable_readConfig: readConfig } =
    await import('wrangler')
  const config = readConfig({ config: join(root, 'wrangler.toml') })
  if (config.name === undefined || config.main === undefined)
    throw new Error('wrangler.toml needs a name and a main')
  // Which PostgreSQL a run has, if any, is said when it starts.
  const bound = { ...config, hyperdrive: [] }
  const { modulesRules: rules = [], rootPath: _, ...options } = toMiniflareOptions(bound).workerOptions
  // Only what deploys is kept: wrangler adds the secrets of .dev.vars, and those are read at each start.
  const bindings = config.vars as NonNullable<WorkerBundle['options']['bindings']>
  const entry = `${basename(config.main, extname(config.main))}.js`
  return { name: config.name, entry, rules, options: { ...options, bindings } }
}

function read(directory: string): WorkerBundle {
  const manifest = JSON.parse(readFileSync(join(directory, MANIFEST), 'utf8')) as Manifest
  const typeByExtension = new Map(
    manifest.rules
      .flatMap((rule) => rule.include.map((glob) => [extname(glob), rule.type] as const))
      .toReversed(),
  )
  const modules = readdirSync(directory).flatMap((file): V4ModuleDefinition[] => {
    const type = file.endsWith('.js') ? 'ESModule' : typeByExtension.get(extname(file))
    return type === undefined ? [] : [{ type, path: file, contents: readFileSync(join(directory, file)) }]
  })
  const isEntry = (module: V4ModuleDefinition): boolean => basename(module.path) === manifest.entry
  return {
    name: manifest.name,
    options: withPages(manifest.options, join(directory, PAGES)),
    modules: [...modules.filter(isEntry), ...modules.filter((module) => !isEntry(module))],
  }
}

function withPages(options: WorkerBundle['options'], directory: string): WorkerBundle['options'] {
  return options.assets === undefined ? options : { ...options, assets: { ...options.assets, directory } }
}

/** Differs when the bundle may differ. The place counts too: the bindings hold absolute paths. */
function digestSources(root: string): string {
  const hash = createHash('sha256').update(root)
  for (const source of SOURCES) {
    for (const file of filesOf(root, source))
      hash.update(`\0${file}\0`).update(readFileSync(join(root, file)))
  }
  return hash.digest('hex').slice(0, 32)
}

function filesOf(root: string, path: string): string[] {
  if (!existsSync(join(root, path))) return []
  if (extname(path) !== '') return [path]
  return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted()
}
