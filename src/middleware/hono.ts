/** `usher/hono`: the middleware for Hono, on Workers and elsewhere. Needs no package of Hono's. */
import { usher } from './middleware.ts'
import type { UsherOptions, Visit } from './middleware.ts'

/** For `new Hono<{ Variables: UsherVariables }>()`: `c.get('usher')` is who is inside, or null on an open path. */
export type UsherVariables = { usher: Visit | null }

/** What is used of Hono's context. */
type Context = {
  readonly req: { readonly raw: Request }
  readonly executionCtx: { waitUntil(work: Promise<unknown>): void }
  set(key: 'usher', value: Visit | null): void
  header(name: string, value: string, options: { append: boolean }): void
}

/** `app.use(usherHono({...}))`, before the routes that it protects. @throws {TypeError} as `usher`. */
export function usherHono(
  options: UsherOptions,
): (c: Context, next: () => Promise<void>) => Promise<Response | undefined> {
  const room = usher(options)
  return async function behindTheRoom(c, next) {
    const passage = await room.check(c.req.raw, { waitUntil: (work) => keepAlive(c, work) })
    if (passage.kind === 'answer') return passage.response
    c.set('usher', passage.visit)
    await next()
    for (const cookie of passage.cookies()) c.header('Set-Cookie', cookie, { append: true })
    return undefined
  }
}

/** Outside Workers Hono has no such context, and its getter throws: there the process stays alive anyway. */
function keepAlive(c: Context, work: Promise<unknown>): void {
  try {
    c.executionCtx.waitUntil(work)
  } catch {
    // See above. The work itself never rejects.
  }
}
