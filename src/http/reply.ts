/** Successful answers. Problems are made in problem.ts alone; common headers are set by response-headers.ts. */

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers },
  })
}

export function noContent(): Response {
  return new Response(null, { status: 204 })
}

export function html(status: number, page: string, headers: Record<string, string> = {}): Response {
  return new Response(page, { status, headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers } })
}

/** `location`: a path of ours, or an address that somebody has checked. */
export function redirect(status: 302 | 303, location: string): Response {
  return new Response(null, { status, headers: { Location: location } })
}
