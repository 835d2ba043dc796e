/** What a line tells the shop: that an admission has ended, however it did. */
import type { AdmissionRecord, Change } from '../core/records.ts'
import { isoTime } from '../core/time.ts'
import type { EpochMs } from '../core/time.ts'
import type { ShopNews } from '../ports/line-host.ts'
import type { Happened, OwedNews, Receipt } from './message.ts'
import type { Outbox } from './outbox.ts'

export class LineNews implements ShopNews {
  readonly #outbox: Outbox

  constructor(outbox: Outbox) {
    this.#outbox = outbox
  }

  written(changes: readonly Change[], nowMs: EpochMs): void {
    this.#outbox.add(endsIn(changes).map(newsOf), nowMs)
  }

  wakeMs(): EpochMs | null {
    return this.#outbox.wakeMs()
  }

  tick(eventId: string, nowMs: EpochMs): Promise<void> {
    return this.#outbox.handOver(eventId, nowMs)
  }

  empty(eventId: string): Promise<void> {
    return this.#outbox.empty(eventId)
  }

  owed(): number {
    return this.#outbox.size()
  }

  heard(receipts: readonly Receipt[], nowMs: EpochMs): void {
    this.#outbox.heard(receipts, nowMs)
  }
}

/** The admissions that end with these changes: from then on, and only until the gate has confirmed it, they owe a release. */
function endsIn(changes: readonly Change[]): AdmissionRecord[] {
  return changes.flatMap((change) =>
    (change.kind === 'admission_changed' || change.kind === 'admission_opened') &&
    change.admission.state === 'ended' &&
    change.admission.debt === 'release'
      ? [change.admission]
      : [],
  )
}

function newsOf(admission: AdmissionRecord): OwedNews {
  const { admissionId, userId, outcome, admittedAtMs, redeemedAtMs, endedAtMs } = admission
  const at = isoTime(endedAtMs ?? admittedAtMs)
  const data = {
    admissionId,
    userId,
    outcome,
    admittedAt: isoTime(admittedAtMs),
    redeemedAt: redeemedAtMs === null ? null : isoTime(redeemedAtMs),
    endedAt: at,
  }
  const happened: Happened = { type: 'admission.ended', at, data }
  return { subject: `admission.ended:${admissionId}`, payload: JSON.stringify(happened) }
}
