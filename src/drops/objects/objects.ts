/** The one place where an object of the drops is found by its name. */
import type { DirectoryApi, DropApi } from '../ports.ts'

/** Asking for a drop that was never made leaves nothing behind. */
export function dropOf(env: Env, dropId: string): DropApi {
  return env.DROP.getByName(dropId)
}

export function directoryOf(env: Env): DirectoryApi {
  return env.DROP_DIRECTORY.getByName('drops')
}
