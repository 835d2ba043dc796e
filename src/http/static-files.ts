/**
 * The files of dist/public, behind the table of endpoints: whatever the table does not know is asked here. They go through
 * the Worker so that they carry the same headers as every other answer, and a wrong method or name the same problems.
 */
import type { Failure } from './failure.ts'

/** The assets binding. */
export interface StaticFiles {
  fetch(request: Request): Promise<Response>
}

/** A page of the index, which has a style sheet and a script of its own and nothing else. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
} as const

const ALLOW = ['GET', 'HEAD', 'OPTIONS']

/** The file, or why not. Anything but a file (a redirect of the asset store, say) is not found. */
export async function staticFile(request: Request, files: StaticFiles): Promise<Response | Failure> {
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  const answer = await files.fetch(isRead ? request : new Request(request.url, { method: 'HEAD' }))
  if (answer.status !== 200 && answer.status !== 304) return { reason: 'not-found' }
  if (!isRead) return { reason: 'method-not-allowed', allow: ALLOW }
  const file = new Response(answer.body, answer)
  for (const [name, value] of Object.entries(HEADERS)) file.headers.set(name, value)
  return file
}
