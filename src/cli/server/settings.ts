/** What this machine says of an Usher: the environment, and `.dev.vars` where the environment is silent. */
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { readFileOrNull } from '../io.ts'
import type { Io } from '../io.ts'

export type Settings = Readonly<Record<string, string | undefined>>

/** Relative to where the command is run, as for `npm start` and Wrangler. */
export const LOCAL_VARIABLES_FILE = '.dev.vars'

/** The variables of a file of lines `NAME=value`; none when there is no such file. @throws CliFailure */
export function readVariables(path: string): Settings {
  return parseEnv(readFileOrNull(path) ?? '')
}

export function localSettings({ cwd, env }: Pick<Io, 'cwd' | 'env'>): Settings {
  return { ...readVariables(resolve(cwd, LOCAL_VARIABLES_FILE)), ...env }
}
