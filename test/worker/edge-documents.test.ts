/** The documents that the isolates of a data centre share, in the cache of the real runtime. */
import { describe, expect, it, vi } from 'vitest'
import { edgeDocuments } from '../../src/edge-documents.ts'
import type { KeptDocument } from '../../src/ports/shared-documents.ts'

const DOCUMENT: KeptDocument = { text: '{"waiting":7}', etag: '"abc"', madeAtMs: 1_700_000_000_123 }
const ORIGIN = 'https://usher.example'

const named = (eventId: string, origin = ORIGIN) => ({ origin, eventId })

/** What was put goes on after the call. */
async function putAndFound(eventId: string, document = DOCUMENT, keepSeconds = 30): Promise<void> {
  const documents = edgeDocuments(keepSeconds)
  documents.put(named(eventId), document)
  await vi.waitFor(async () => expect(await documents.get(named(eventId))).toEqual(document))
}

describe('the documents of a data centre', () => {
  it('are found by another isolate to the letter, and the latest one counts', async () => {
    await putAndFound('tour')
    expect(await edgeDocuments(30).get(named('tour'))).toEqual(DOCUMENT)
    await putAndFound('tour', { text: '{"waiting":8}', etag: '"abd"', madeAtMs: DOCUMENT.madeAtMs + 1_000 })
  })

  it('are apart by event and by host, and no page of the zone can be taken for one', async () => {
    await putAndFound('apart')
    const documents = edgeDocuments(30)
    expect(await documents.get(named('aparT'))).toBeNull()
    expect(await documents.get(named('apart', 'https://other.example'))).toBeNull()
    await caches.default.put(
      `${ORIGIN}/progress/planted`,
      new Response('{"waiting":0}', {
        headers: { ETag: '"x"', 'Usher-Made-At': '1', 'Cache-Control': 'max-age=60' },
      }),
    )
    expect(await documents.get(named('planted'))).toBeNull()
  })

  it('are gone when they are of no use to anybody any more', async () => {
    await putAndFound('short', DOCUMENT, 1)
    await vi.waitFor(async () => expect(await edgeDocuments(1).get(named('short'))).toBeNull(), 3_000)
  })
})
