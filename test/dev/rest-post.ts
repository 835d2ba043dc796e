import type { Front } from '../../dev/redis/front.ts'

/** A request as the SDK would not make it: any path, any body (text goes as it is), any headers. */
export function postTo(
  front: Pick<Front, 'url' | 'token'>,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${front.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${front.token}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}
