/** What the isolates of one data centre share: documents that anybody may see. */
import type { EpochMs } from '../core/time.ts'

/** A document as it goes out, and when it was asked of the line. */
export type KeptDocument = { readonly text: string; readonly etag: string; readonly madeAtMs: EpochMs }

export interface SharedDocuments {
  /** What this or another isolate has put there of late, or null. Rejects when the cache is in trouble. */
  get(name: DocumentName): Promise<KeptDocument | null>
  /** Goes on after the answer; a failure only means that the next isolate asks for itself. */
  put(name: DocumentName, document: KeptDocument): void
}

/** `origin`: scheme and host of the request, as the platform wants keys to be addresses of the Worker's own. */
export type DocumentName = { readonly origin: string; readonly eventId: string }
