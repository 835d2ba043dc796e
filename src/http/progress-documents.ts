/**
 * The documents of progress that this isolate knows. However many visitors ask, a line is asked once a second by an
 * isolate, and by the isolates of a data centre together hardly more often. While the line does not answer, the last
 * document goes out for a while, as old as it is: positions in it are only larger than the truth (INV-8), and those who
 * poll add nothing to the line's trouble.
 */
import { withTimeout, TimedOut } from '../bounded.ts'
import { ok } from '../core/result.ts'
import type { EpochMs } from '../core/time.ts'
import { errorFields } from '../observability/log.ts'
import type { LineResult } from '../ports/lines.ts'
import { Overloaded } from '../ports/overloaded.ts'
import type { DocumentName, KeptDocument } from '../ports/shared-documents.ts'
import { sha256Base64Url } from './digest.ts'
import type { GatewayDeps } from './gateway-deps.ts'

/** As long as a document is new, nobody is asked. Also how long a line is left alone that did not answer. */
const FRESH_MS = 1_000
/**
 * A document that another isolate has made counts as new for so much longer: all of a data centre would ask at once when
 * it is old. Within the least the one that made it has asked again and the others find what it got; were it gone, chance
 * says who asks in its place.
 */
const SHARED_LONGER_MS_MIN = 250
const SHARED_LONGER_MS_SPREAD = 750
/** Served while one request asks for a newer one; older than this, others ask as well. */
const WHILE_ASKED_MS = 5_000
/** Served when the line does not answer: somewhat more than an object takes to come back. */
export const STALE_SECONDS_MAX = 30
const STALE_MS_MAX = STALE_SECONDS_MAX * 1_000
/** A line that takes so long for so little is away. Whoever asks and is never heard of again counts for as long. */
const ASK_TIMEOUT_MS = 2_000
/** The cache is there to save time. */
const SHARED_TIMEOUT_MS = 250
/** Events of which an isolate keeps a document, of at most 1.5 kB each. */
const EVENTS_MAX = 1_000

type Deps = Pick<GatewayDeps, 'line' | 'sharedDocuments' | 'log' | 'nowMs'>

type Known = {
  document: KeptDocument | null
  /** How long the document counts as new. */
  freshMs: number
  askedAtMs: EpochMs | null
  failedAtMs: EpochMs | null
}

/** One for each isolate. It keeps what was answered, never a promise: that belongs to the request that made it. */
export class ProgressDocuments {
  readonly #known = new Map<string, Known>()

  /** @throws Overloaded when the line does not answer, and nothing that is recent enough is known. */
  async latest(name: DocumentName, deps: Deps): Promise<LineResult<KeptDocument>> {
    const nowMs = deps.nowMs()
    const known = this.#knownOf(name.eventId)
    const { document } = known
    if (document !== null && isYounger(document, known.freshMs, nowMs)) return ok(document)
    const isAway = isWithin(known.failedAtMs, STALE_MS_MAX, nowMs)
    const isTurn =
      !isWithin(known.askedAtMs, ASK_TIMEOUT_MS, nowMs) && !isWithin(known.failedAtMs, FRESH_MS, nowMs)
    if (isTurn) return this.#ask(name, known, deps)
    if (document !== null && isYounger(document, isAway ? STALE_MS_MAX : WHILE_ASKED_MS, nowMs))
      return ok(document)
    if (isAway) throw new Overloaded('the line of an event did not answer of late')
    return this.#ask(name, known, deps)
  }

  async #ask(name: DocumentName, known: Known, deps: Deps): Promise<LineResult<KeptDocument>> {
    const askedAtMs = deps.nowMs()
    known.askedAtMs = askedAtMs
    try {
      const shared = await sharedDocument(name, deps)
      if (shared !== null && isNewer(shared, known.document)) {
        known.document = shared
        known.freshMs = FRESH_MS + SHARED_LONGER_MS_MIN + Math.random() * SHARED_LONGER_MS_SPREAD
      }
      if (shared !== null && isYounger(shared, FRESH_MS, deps.nowMs())) return ok(shared)
      const answer = await withTimeout(deps.line(name.eventId).progress(), ASK_TIMEOUT_MS)
      known.failedAtMs = null
      if (!answer.ok) {
        this.#known.delete(name.eventId)
        return answer
      }
      const text = JSON.stringify(answer.value)
      // As old as the question: the line may have answered it at once, and the answer come late.
      const made = { text, etag: `"${sha256Base64Url(text).slice(0, 22)}"`, madeAtMs: askedAtMs }
      known.document = made
      known.freshMs = FRESH_MS
      deps.sharedDocuments.put(name, made)
      return ok(made)
    } catch (error) {
      return this.#lastKnown(name.eventId, known, error, deps)
    } finally {
      known.askedAtMs = null
    }
  }

  #lastKnown(eventId: string, known: Known, error: unknown, deps: Deps): LineResult<KeptDocument> {
    const nowMs = deps.nowMs()
    known.failedAtMs = nowMs
    const { document } = known
    if (document !== null && isYounger(document, STALE_MS_MAX, nowMs)) {
      deps.log.warn('progress_stale', { eventId, ageMs: nowMs - document.madeAtMs, ...errorFields(error) })
      return ok(document)
    }
    if (error instanceof TimedOut)
      throw new Overloaded('the line of an event does not answer in time', { cause: error })
    throw error
  }

  #knownOf(eventId: string): Known {
    const found = this.#known.get(eventId)
    if (found !== undefined) return found
    if (this.#known.size >= EVENTS_MAX) this.#forgetOne()
    const made = { document: null, freshMs: FRESH_MS, askedAtMs: null, failedAtMs: null }
    this.#known.set(eventId, made)
    return made
  }

  /** Ids that strangers make up have no document, and displace none. */
  #forgetOne(): void {
    const [oldest] = this.#known.keys()
    for (const [eventId, { document }] of this.#known) {
      if (document === null) return void this.#known.delete(eventId)
    }
    if (oldest !== undefined) this.#known.delete(oldest)
  }
}

/** A cache that is slow or broken is one that knows nothing. */
async function sharedDocument(name: DocumentName, deps: Deps): Promise<KeptDocument | null> {
  try {
    return await withTimeout(deps.sharedDocuments.get(name), SHARED_TIMEOUT_MS)
  } catch (error) {
    deps.log.warn('progress_not_shared', { eventId: name.eventId, ...errorFields(error) })
    return null
  }
}

function isWithin(atMs: EpochMs | null, lastMs: number, nowMs: EpochMs): boolean {
  return atMs !== null && nowMs - atMs < lastMs
}

/** Either way round: the clock of the machine that asked may be ahead. */
function isYounger({ madeAtMs }: KeptDocument, thanMs: number, nowMs: EpochMs): boolean {
  return Math.abs(nowMs - madeAtMs) < thanMs
}

function isNewer(one: KeptDocument, other: KeptDocument | null): boolean {
  return other === null || one.madeAtMs > other.madeAtMs
}
