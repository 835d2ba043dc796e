/**
 * SharedDocuments in the platform's cache, which the isolates of a data centre have in common. On workers.dev it keeps
 * nothing (https://developers.cloudflare.com/workers/runtime-apis/cache/), and each isolate asks for itself.
 *
 * The key is made of the event's checked id and the host alone: no query and no header of a request is in it. The cache has
 * a name, so nothing that is fetched through the zone can be under the same key.
 */
import { waitUntil } from 'cloudflare:workers'
import { errorFields, log } from './observability/log.ts'
import type { DocumentName, KeptDocument, SharedDocuments } from './ports/shared-documents.ts'

const CACHE_NAME = 'usher-progress'
const MADE_AT = 'Usher-Made-At'

/** `keepSeconds`: how long a document may be of use to anybody. Whether it is new enough is the reader's to say. */
export function edgeDocuments(keepSeconds: number): SharedDocuments {
  return {
    async get(name) {
      const cache = await caches.open(CACHE_NAME)
      const found = await cache.match(keyOf(name))
      return found === undefined ? null : documentOf(found)
    },
    put(name, document) {
      waitUntil(
        store(name, document, keepSeconds).catch((error: unknown) =>
          log.warn('progress_not_shared', { eventId: name.eventId, ...errorFields(error) }),
        ),
      )
    },
  }
}

async function store(name: DocumentName, document: KeptDocument, keepSeconds: number): Promise<void> {
  const cache = await caches.open(CACHE_NAME)
  const headers = {
    ETag: document.etag,
    'Cache-Control': `public, max-age=${keepSeconds}`,
    [MADE_AT]: String(document.madeAtMs),
  }
  await cache.put(keyOf(name), new Response(document.text, { headers }))
}

async function documentOf(found: Response): Promise<KeptDocument | null> {
  const etag = found.headers.get('ETag')
  const madeAtMs = Number(found.headers.get(MADE_AT) ?? Number.NaN)
  const text = await found.text()
  return etag === null || !Number.isFinite(madeAtMs) ? null : { text, etag, madeAtMs }
}

function keyOf({ origin, eventId }: DocumentName): string {
  return `${origin}/progress/${eventId}`
}
