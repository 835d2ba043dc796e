/**
 * The floor: a Worker and an object that do for each path only what nobody could leave out. It has no checks, no
 * router and no state worth the name; what Usher costs above it is what Usher's promises cost.
 */
import { FloorObject } from './floor-object.ts'

export { FloorObject }

type FloorEnv = { readonly FLOOR: DurableObjectNamespace<FloorObject> }

/** As many calls in flight as Usher's watchdog has. */
const FAN_OUT_WIDTH = 50
const FAN_OUT_OBJECTS = 1_000

export default {
  async fetch(request, env) {
    const url = new URL(request.url)
    const object = env.FLOOR.getByName(url.searchParams.get('object') ?? 'floor')
    const id = url.searchParams.get('id') ?? ''
    switch (url.pathname) {
      case '/call':
        return Response.json(await object.call())
      case '/insert':
        return Response.json(await object.insert(id), { status: 201 })
      case '/script': {
        await object.callScript([id])
        return new Response(null, { status: 204 })
      }
      default:
        // Streams, and what the bench tells the object to do with them.
        return object.fetch(request)
    }
  },
  async scheduled(_controller, env) {
    const names = Array.from({ length: FAN_OUT_OBJECTS }, (_, index) => `fan-${index}`).values()
    const lane = async (): Promise<void> => {
      for (const name of names) await env.FLOOR.getByName(name).call()
    }
    await Promise.all(Array.from({ length: FAN_OUT_WIDTH }, lane))
  },
} satisfies ExportedHandler<FloorEnv>
