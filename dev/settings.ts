/** What a local run is told: the environment, `.dev.vars`, and what it makes up itself when neither says anything. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import { CONFIG_VARIABLES } from '../src/config-reader.ts'
import { LOCAL_KEYS } from '../src/config.ts'
import { localSecrets } from './secrets.ts'

export const PROJECT_ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
export const DEFAULT_PORT = 8787
/** Relative to where the command is run. */
export const DEFAULT_STATE_DIR = '.usher'

export type Settings = Readonly<Record<string, string | undefined>>

/** Known to everybody, hence refused by a deployment. */
const LOCAL_DEFAULTS = { USHER_STAGE: 'local', ...LOCAL_KEYS }

/** The settings of a run: what the environment says, and what `.dev.vars` says where the environment is silent. */
export function readSettings(root: string, environment: Settings): Settings {
  const file = join(root, '.dev.vars')
  return { ...(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}), ...environment }
}

/**
 * The Worker's variables: those that are set, the local defaults, and secrets that are made up once and kept in the
 * state directory, so that tokens stay good over restarts.
 */
export function workerVariables(settings: Settings, stateDir: string): Record<string, string> {
  const given = CONFIG_VARIABLES.flatMap((name) => {
    const value = settings[name]
    return value === undefined || value === '' ? [] : [[name, value] as const]
  })
  return { ...LOCAL_DEFAULTS, ...localSecrets(join(stateDir, 'secrets.json')), ...Object.fromEntries(given) }
}
