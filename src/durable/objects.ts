/** The one place where an object is found by its name. */
import type { LineApi } from '../ports/lines.ts'
import type { RegistryApi } from '../ports/registry.ts'

/** The line of an event. Asking for an event that was never configured leaves nothing behind. */
export function lineOf(env: Env, eventId: string): LineApi {
  return env.EVENT_LINE.getByName(eventId)
}

export function registryOf(env: Env): RegistryApi {
  return env.EVENT_REGISTRY.getByName('registry')
}
