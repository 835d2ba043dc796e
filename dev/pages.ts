/**
 * What browsers load: `src/pages/<page>/main.ts` bundled to `<page>.js`, beside everything of `public/`. Run by itself
 * (`npm run build:pages`, and wrangler before each bundle) it writes dist/public; a bundle of the local runtime has a
 * copy of its own (dev/bundle.ts).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
// The synchronous calls: the others leave a process running for as long as this one.
import { buildSync, transformSync } from 'esbuild'
import { PROJECT_ROOT } from './settings.ts'

/** Set in the environment of a wrangler that is given the built pages: its build command has nothing left to do. */
export const PAGES_ARE_BUILT = 'USHER_PAGES_ARE_BUILT'
const PAGES = 'src/pages'
const STATIC_FILES = 'public'
/** The browsers of the last four years or so; those before have the page without a script. */
const TARGET = 'es2022'

/**
 * Makes `outDir` hold the built files and no others. Several may write the same directory at once: each file is
 * replaced whole, and one that has not changed is left alone.
 * @param root the project: where src/pages and public are. Either may be absent.
 * @throws Error of esbuild when a script or a style does not compile.
 */
export function buildPages(root: string, outDir: string): void {
  const files = new Map([...scriptsOf(root), ...staticFilesOf(root)])
  mkdirSync(outDir, { recursive: true })
  for (const [name, contents] of files)
    replaceFile(join(outDir, name), contents, `${outDir}.${process.pid}.draft`)
  for (const name of filesIn(outDir)) {
    if (!files.has(name)) rmSync(join(outDir, name), { force: true })
  }
}

function scriptsOf(root: string): [string, Uint8Array][] {
  const directory = join(root, PAGES)
  if (!existsSync(directory)) return []
  const pages = readdirSync(directory).filter((page) => existsSync(join(directory, page, 'main.ts')))
  if (pages.length === 0) return []
  const { outputFiles } = buildSync({
    entryPoints: Object.fromEntries(pages.map((page) => [page, join(directory, page, 'main.ts')])),
    outdir: directory,
    bundle: true,
    minify: true,
    format: 'esm',
    target: TARGET,
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
    write: false,
  })
  return outputFiles.map(({ path, contents }) => [relative(directory, path), contents])
}

function staticFilesOf(root: string): [string, Uint8Array][] {
  const directory = join(root, STATIC_FILES)
  if (!existsSync(directory)) return []
  return filesIn(directory).map((name) => {
    const contents = readFileSync(join(directory, name))
    return [name, extname(name) === '.css' ? minifiedStyle(contents) : contents]
  })
}

function minifiedStyle(contents: Uint8Array): Uint8Array {
  const source = new TextDecoder().decode(contents)
  const { code } = transformSync(source, { loader: 'css', minify: true, target: TARGET, charset: 'utf8' })
  return new TextEncoder().encode(code)
}

function replaceFile(file: string, contents: Uint8Array, draft: string): void {
  if (existsSync(file) && readFileSync(file).equals(contents)) return
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(draft, contents)
  renameSync(draft, file)
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .toSorted()
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.env[PAGES_ARE_BUILT] === undefined)
  buildPages(PROJECT_ROOT, join(PROJECT_ROOT, 'dist/public'))
