/**
 * What this isolate knows of drops, for a second or two: how they stand, and who has a claim of those that are sold out.
 * Whoever comes when nothing is left is told so without asking anybody; whoever has a coupon still gets it.
 *
 * A promise of one request must not be awaited by another, so of those who find that something is too old one asks, and the
 * others go by it a little longer.
 */
import { err } from '../core/result.ts'
import type { EpochMs } from '../core/time.ts'
import { mayBeOneOf } from './core/claimants.ts'
import type { DropApi, DropResult, Standing } from './ports.ts'

/** How long it is good. */
const FRESH_MS = 1_000
/** How long it is used while somebody asks anew: a drop that has reopened is seen to be open within two seconds. */
const USED_MS_MAX = 2_000
/** Drops of one isolate: four bytes for each claim of those that are sold out. */
const DROPS_MAX = 32

/** How long a store that does not answer is not asked again: it is away for everybody. */
const AWAY_MS = 1_000

type Asked = Pick<DropApi, 'standing' | 'claimants'>

type Memo = {
  readonly standing: Standing
  readonly askedAtMs: EpochMs
  /** Those who have a claim, in an epoch in which nothing was left. */
  readonly refused: { readonly epoch: number; readonly fingerprints: Uint32Array } | null
  /** Somebody asks since then; null: nobody. */
  readonly askingSinceMs: EpochMs | null
  /** What has happened since: `claimed` changes the numbers that are shown, `outdated` what claims depend on. */
  readonly since: 'nothing' | 'claimed' | 'outdated'
}

export class DropMemos {
  readonly #memos = new Map<string, Memo>()
  /** Drops whose store did not answer, and until when nobody asks it. */
  readonly #away = new Map<string, EpochMs>()
  readonly #nowMs: () => EpochMs

  constructor(nowMs: () => EpochMs = Date.now) {
    this.#nowMs = nowMs
  }

  /** As DropClient.known. */
  async known(dropId: string, drop: Asked): Promise<DropResult<Standing>> {
    const memo = this.#memos.get(dropId)
    if (memo !== undefined && this.#isUsable(memo)) return { ok: true, value: memo.standing }
    if (this.#nowMs() < (this.#away.get(dropId) ?? -Infinity)) return err({ reason: 'store-unavailable' })
    return this.#ask(dropId, drop)
  }

  /** As DropClient.shown. */
  async shown(dropId: string, drop: Asked): Promise<DropResult<Standing>> {
    return this.#memos.get(dropId)?.since === 'claimed' ? this.#ask(dropId, drop) : this.known(dropId, drop)
  }

  async #ask(dropId: string, drop: Asked): Promise<DropResult<Standing>> {
    const before = this.#memos.get(dropId) ?? null
    const askedAtMs = this.#nowMs()
    if (before !== null) this.#keep(dropId, { ...before, askingSinceMs: askedAtMs })
    const asked = await drop.standing()
    if (!asked.ok) {
      this.#memos.delete(dropId)
      if (asked.error.reason === 'store-unavailable') keepLatest(this.#away, dropId, this.#nowMs() + AWAY_MS)
      return asked
    }
    const standing = asked.value
    this.#keep(dropId, {
      standing,
      askedAtMs,
      refused: await refusedIn(standing, before, drop),
      askingSinceMs: null,
      since: 'nothing',
    })
    return asked
  }

  /** As DropClient.isRefused. */
  isRefused(dropId: string, userId: string): boolean {
    const memo = this.#memos.get(dropId)
    if (memo === undefined || memo.refused === null || !this.#isUsable(memo)) return false
    return memo.standing.status === 'sold_out' && !mayBeOneOf(memo.refused.fingerprints, userId)
  }

  /** Somebody has a coupon since. */
  claimed(dropId: string): void {
    const memo = this.#memos.get(dropId)
    if (memo?.since === 'nothing') this.#keep(dropId, { ...memo, since: 'claimed' })
  }

  /** Nothing was left in this epoch: whoever comes next finds out who has a claim, unless that is known. */
  soldOut(dropId: string, epoch: number): void {
    if (this.#memos.get(dropId)?.refused?.epoch !== epoch) this.outdated(dropId)
  }

  /** Something has changed: whoever comes next asks. */
  outdated(dropId: string): void {
    const memo = this.#memos.get(dropId)
    if (memo !== undefined) this.#keep(dropId, { ...memo, since: 'outdated' })
  }

  /** Fresh; or a little older, while somebody asks. */
  #isUsable({ askedAtMs, askingSinceMs, since }: Memo): boolean {
    const nowMs = this.#nowMs()
    const ageMs = nowMs - askedAtMs
    const isAsked = askingSinceMs !== null && nowMs - askingSinceMs < USED_MS_MAX - FRESH_MS
    return isAsked ? ageMs < USED_MS_MAX : ageMs < FRESH_MS && since !== 'outdated'
  }

  #keep(dropId: string, memo: Memo): void {
    keepLatest(this.#memos, dropId, memo)
  }
}

/** Whoever was asked last is the last to go. */
function keepLatest<T>(map: Map<string, T>, dropId: string, value: T): void {
  map.delete(dropId)
  map.set(dropId, value)
  for (const oldest of map.keys()) {
    if (map.size <= DROPS_MAX) return
    map.delete(oldest)
  }
}

/** Within an epoch nobody gets a claim once nothing is left, so it is asked once who has one. */
async function refusedIn(standing: Standing, before: Memo | null, drop: Asked): Promise<Memo['refused']> {
  const { status, plan } = standing
  if (status !== 'sold_out') return null
  if (before?.refused?.epoch === plan.epoch) return before.refused
  const asked = await drop.claimants()
  if (!asked.ok || asked.value === null || asked.value.epoch !== plan.epoch) return null
  return { epoch: asked.value.epoch, fingerprints: new Uint32Array(asked.value.fingerprints) }
}
