/** `usher/express`: the middleware for Express, and for whatever else has its `(req, res, next)`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { usher } from './middleware.ts'
import type { UsherOptions, Visit } from './middleware.ts'
import { requestFrom, send } from './node.ts'

/** What is used of Express's request. */
type ExpressRequest = IncomingMessage & { readonly originalUrl?: string; readonly body?: unknown }

const visits = new WeakMap<IncomingMessage, Visit>()

/** Who is inside, or null on a path that is open. */
export function visitOf(req: IncomingMessage): Visit | null {
  return visits.get(req) ?? null
}

/** `app.use(usherExpress({...}))`, before the routes that it protects. @throws {TypeError} as `usher`. */
export function usherExpress(
  options: UsherOptions,
): (req: ExpressRequest, res: ServerResponse, next: (error?: unknown) => void) => Promise<void> {
  const room = usher(options)
  const judge = async (req: ExpressRequest, res: ServerResponse): Promise<boolean> => {
    const request = requestFrom(req, req.originalUrl ?? req.url ?? '/', formOf(req))
    if (request === null) {
      res.writeHead(400).end()
      return false
    }
    const passage = await room.check(request)
    if (passage.kind === 'answer') {
      await send(passage.response, res)
      return false
    }
    if (passage.visit !== null) visits.set(req, passage.visit)
    appendAtTheEnd(res, passage.cookies)
    return true
  }
  return async function behindTheRoom(req, res, next) {
    let isPassed: boolean
    try {
      isPassed = await judge(req, res)
    } catch (error) {
      return next(error)
    }
    if (isPassed) next()
  }
}

/** The form, when a parser has read it before us; undefined when nobody has. */
function formOf({ body }: ExpressRequest): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const fields = Object.entries(body).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return new URLSearchParams(fields).toString()
}

/** Cookies can change until the response begins, and Express has no step of its own between. */
function appendAtTheEnd(res: ServerResponse, cookies: () => readonly string[]): void {
  const writeHead: unknown = Reflect.get(res, 'writeHead')
  res.writeHead = function writeHeadWithCookies(...args: unknown[]) {
    for (const cookie of cookies()) res.appendHeader('Set-Cookie', cookie)
    return Reflect.apply(writeHead as (...given: unknown[]) => ServerResponse, res, args)
  }
}
