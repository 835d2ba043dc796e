import { ok } from '../../core/result.ts'
import type { KeptDocument } from '../../ports/shared-documents.ts'
import { endpoint } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'
import { ProgressDocuments } from '../progress-documents.ts'
import { progress } from '../schemas/views.ts'

/** A function, because the documents are kept with the endpoint. */
export function progressEndpoints(): Endpoint[] {
  const documents = new ProgressDocuments()
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/events/{eventId}/progress',
      auth: 'anybody',
      tag: 'Visitors',
      summary: 'How the line moves: from it and the number of a place follows a position.',
      responses: {
        200: { description: 'May be cached for a second. `Age` says how old it is.', schema: progress },
        304: { description: 'It is still the one of `If-None-Match`.' },
      },
      problems: ['event-not-found'],
      async handler(call) {
        const name = { origin: new URL(call.request.url).origin, eventId: call.params.eventId }
        const found = await documents.latest(name, call)
        return found.ok ? ok(answer(call.request, found.value, call.nowMs())) : found
      },
    }),
  ]
}

function answer(request: Request, { text, etag, madeAtMs }: KeptDocument, nowMs: number): Response {
  const headers = {
    'Cache-Control': 'public, max-age=1',
    ETag: etag,
    Age: String(Math.max(0, Math.floor((nowMs - madeAtMs) / 1_000))),
  }
  if (isKnown(request.headers.get('If-None-Match'), etag)) return new Response(null, { status: 304, headers })
  return new Response(text, {
    headers: { ...headers, 'Content-Type': 'application/json; charset=utf-8' },
  })
}

/** RFC 9110, 13.1.2: a list, compared weakly, since a proxy that compresses makes an ETag weak. */
function isKnown(ifNoneMatch: string | null, etag: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}
