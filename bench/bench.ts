/** `npm run bench`: every path of Usher beside its floor, in one run, as ratios with their spread. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBackend } from '../dev/backend.ts'
import { Cleanup } from '../dev/cleanup.ts'
import { findBinaries } from '../dev/postgres/binaries.ts'
import { PROJECT_ROOT, readSettings, type Settings } from '../dev/settings.ts'
import { describeMachine } from './machine.ts'
import { readOptions, USAGE, type BenchOptions } from './options.ts'
import { PATHS } from './paths/paths.ts'
import { drawGrowth } from './plot/draw.ts'
import { measureGrowth } from './plot/growth.ts'
import { Profiles } from './profile/profiles.ts'
import { toJson } from './report/json.ts'
import { renderReport } from './report/table.ts'
import type { Row } from './row.ts'
import { bundleAll } from './runtime/bundles.ts'
import { Subjects } from './runtime/subject.ts'
import type { BenchPath, World } from './world.ts'

const IMAGES_DIR = join(PROJECT_ROOT, 'docs/images')

async function main(options: BenchOptions): Promise<void> {
  const paths = choosePaths(options.only)
  const cleanup = new Cleanup()
  const directory = mkdtempSync(join(tmpdir(), 'usher-bench-'))
  cleanup.add(() => rmSync(directory, { recursive: true, force: true }))
  try {
    const settings = readSettings(PROJECT_ROOT, process.env)
    const backend = await startBackend({ ...settings, ...withPostgres(settings) }, directory)
    cleanup.add(() => backend.stop())
    const world: World = {
      options,
      backend,
      subjects: new Subjects({
        directory,
        bundles: await bundleAll(join(directory, 'bundles')),
        variables: backend.variables,
        postgresUrl: backend.postgres?.url ?? null,
        inspects: options.profile,
      }),
      profiles: new Profiles(options.profile ? options.outDir : null),
      say: (text) => console.error(text),
    }
    const machine = describeMachine(backend.redisDescription)
    const rows: Row[] = []
    for (const path of paths) rows.push(...(await runPath(path, world)))
    const growth = options.plot ? await measureGrowth(world) : []
    if (options.plot) for (const file of await drawGrowth(growth, IMAGES_DIR)) world.say(file)
    console.log(options.json ? toJson(machine, rows, growth) : renderReport(machine, rows, growth))
  } finally {
    await cleanup.run()
  }
}

/** Drops are measured in PostgreSQL too: the one of DATABASE_URL, or one that npm has installed. */
function withPostgres(settings: Settings): Settings {
  const hasOwn = Boolean(settings['DATABASE_URL'])
  return hasOwn || findBinaries() === null ? {} : { USHER_POSTGRES: 'embedded' }
}

/** No rows for a path that fails: half an hour of the others must not be lost with it. The run fails at its end. */
async function runPath(path: BenchPath, world: World): Promise<readonly Row[]> {
  try {
    return await path.run(world)
  } catch (error) {
    world.say(
      `${path.name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
    process.exitCode = 1
    return []
  }
}

/** @throws Error for a name that no path has. */
function choosePaths(only: readonly string[] | null): BenchPath[] {
  if (only === null) return [...PATHS]
  return only
    .filter((name) => name !== 'none')
    .map((name) => {
      const path = PATHS.find((candidate) => candidate.name === name)
      if (path !== undefined) return path
      throw new Error(`no path "${name}"; there are ${PATHS.map(({ name }) => name).join(', ')}`)
    })
}

function fail(error: unknown): never {
  console.error(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  process.exit(1)
}

if (process.argv.includes('--help')) {
  console.log(USAGE)
} else {
  await main(readOptions(process.argv.slice(2))).catch(fail)
  // Whatever still listens is of no interest any more.
  process.exit(process.exitCode)
}
