/** What the shop asks of a line: its calls about single admissions, and the operator's to revoke one. */
import type { LineFailure } from '../core/failures.ts'
import * as admissions from '../core/line-admissions.ts'
import type { LineState } from '../core/line-state.ts'
import { admissionView } from '../core/line-views.ts'
import { decision, type AdmissionRecord, type Decision } from '../core/records.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { EpochMs } from '../core/time.ts'
import type { Admission, Outcome } from '../core/views.ts'
import type { LineLink, LineRows } from '../ports/line-host.ts'
import type { Entry, LineApi, LineResult, LineSeatsApi } from '../ports/lines.ts'
import type { LineMeters } from './line-meters.ts'

export type LineShopDeps = Omit<LineLink, 'wait'> & {
  readonly rows: Pick<LineRows, 'admission'>
  readonly meters: LineMeters
}

type ShopApi = Pick<LineApi, 'redeem' | 'admission' | 'renew' | 'release' | 'revoke'> &
  Pick<LineSeatsApi, 'completeAll' | 'enterAll'>

export class LineShop implements ShopApi {
  readonly #deps: LineShopDeps

  constructor(deps: LineShopDeps) {
    this.#deps = deps
  }

  redeem(request: { admissionId: string; sessionDigest: string }): Promise<LineResult<Admission>> {
    return this.#onAdmission(request.admissionId, 'admission-ended', (line, record, nowMs) => {
      const decided = admissions.redeem(line, record, request.sessionDigest, nowMs)
      if (decided.changes.length > 0) this.#deps.meters.count('redemptions_total')
      return decided
    })
  }

  admission(admissionId: string): Promise<LineResult<Admission>> {
    return this.#onAdmission(admissionId, 'admission-not-found', (line, record) =>
      decision(ok(admissionView(line.event.eventId, record))),
    )
  }

  renew(admissionId: string): Promise<LineResult<Admission>> {
    return this.#onAdmission(admissionId, 'admission-not-found', admissions.renew)
  }

  release(admissionId: string, outcome: 'completed' | 'cancelled'): Promise<LineResult<Admission>> {
    return this.#end(admissionId, outcome)
  }

  /** Each is decided before anything is awaited, so all are written in one transaction. */
  completeAll(admissionIds: readonly string[]): Promise<readonly LineResult<Admission>[]> {
    return Promise.all(admissionIds.map((admissionId) => this.release(admissionId, 'completed')))
  }

  /** As completeAll. */
  enterAll(entries: readonly Entry[]): Promise<readonly LineResult<Admission>[]> {
    return Promise.all(entries.map((entry) => this.#enter(entry)))
  }

  revoke(admissionId: string): Promise<LineResult<Admission>> {
    return this.#end(admissionId, 'revoked')
  }

  async #enter({ admissionId, sessionDigest }: Entry): Promise<LineResult<Admission>> {
    if (sessionDigest === null) return this.admission(admissionId)
    const redeemed = await this.redeem({ admissionId, sessionDigest })
    // By the shop's own session: it let the visitor in.
    const isInside = !redeemed.ok && redeemed.error.reason === 'token-already-redeemed'
    return isInside ? this.admission(admissionId) : redeemed
  }

  #end(admissionId: string, outcome: Outcome): Promise<LineResult<Admission>> {
    return this.#onAdmission(admissionId, 'admission-not-found', (line, record, nowMs) => {
      const decided = admissions.end(line, record, outcome, nowMs)
      if (decided.changes.length > 0) this.#deps.meters.count('admissions_ended_total')
      return decided
    })
  }

  async #onAdmission<T>(
    admissionId: string,
    otherwise: 'admission-not-found' | 'admission-ended',
    decide: (line: LineState, record: AdmissionRecord, nowMs: EpochMs) => Decision<Result<T, LineFailure>>,
  ): Promise<LineResult<T>> {
    const { rows, nowMs, commit } = this.#deps
    const line = this.#deps.line()
    const record = line === null ? null : (line.ledger.get(admissionId) ?? rows.admission(admissionId))
    if (line === null || record === null) return err({ reason: otherwise })
    const decided = decide(line, record, nowMs())
    commit(decided)
    return decided.value
  }
}
