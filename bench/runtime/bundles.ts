/** The three Workers that are measured, bundled as `wrangler deploy` would. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorker, type WorkerBundle } from '../../dev/bundle.ts'
import { PROJECT_ROOT } from '../../dev/settings.ts'

export type SubjectName = 'usher' | 'inside' | 'floor'
export type Bundles = Readonly<Record<SubjectName, WorkerBundle>>

/**
 * All of them before anything is measured, so that one run measures one state of the sources.
 * `directory`: of this run alone, since the digest of a cached bundle would not see sources outside of its folder.
 * @throws Error when one cannot be bundled.
 */
export async function bundleAll(directory: string): Promise<Bundles> {
  const bundle = (name: SubjectName, root: string): Promise<WorkerBundle> =>
    bundleWorker(root, join(directory, name, 'cache'))
  return {
    usher: await bundle('usher', PROJECT_ROOT),
    inside: await bundle('inside', insideProject(join(directory, 'inside'))),
    floor: await bundle('floor', pathOf('../workers/floor')),
  }
}

/** The project with another entry: objects and bindings are those of the deployment, whatever they come to be. */
function insideProject(directory: string): string {
  mkdirSync(directory, { recursive: true })
  const deployed = readFileSync(join(PROJECT_ROOT, 'wrangler.toml'), 'utf8')
  writeFileSync(
    join(directory, 'wrangler.toml'),
    insideToml(deployed, pathOf('../workers/inside/src/worker.ts')),
  )
  return directory
}

/** @throws Error when the deployment's file is not written as expected. */
export function insideToml(deployed: string, main: string): string {
  const toml = deployed
    .replace(/^main = .*$/m, `main = ${JSON.stringify(main)}`)
    .replace(/^directory = "\.\//m, `directory = "${PROJECT_ROOT}/`)
    .replace(/^command = "node dev\//m, `command = "node ${PROJECT_ROOT}/dev/`)
  if (!toml.includes(main)) throw new Error('wrangler.toml has no main')
  return toml
}

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url))
}
