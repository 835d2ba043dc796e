/** Who has a claim of a drop that is sold out, asked of the issuer once in an epoch, however many isolates want to know. */
import { ok } from '../../core/result.ts'
import { fingerprintsOf } from '../core/claimants.ts'
import type { DropPlan } from '../core/records.ts'
import type { ClaimIssuer, DropApi } from '../ports.ts'

type Answer = ReturnType<DropApi['claimants']>
type Known = { readonly epoch: number; readonly fingerprints: ArrayBuffer }

export class KnownClaimants {
  readonly #plan: () => DropPlan
  #known: Known | null = null
  #asked: Answer | null = null

  constructor(plan: () => DropPlan) {
    this.#plan = plan
  }

  of(issuer: ClaimIssuer): Answer {
    if (this.#known?.epoch === this.#plan().epoch) return Promise.resolve(ok(this.#known))
    this.#asked ??= this.#ask(issuer).finally(() => {
      this.#asked = null
    })
    return this.#asked
  }

  async #ask(issuer: ClaimIssuer): Answer {
    const before = this.#plan()
    const { remaining } = await issuer.counts()
    if (remaining > 0) return ok(null)
    const userIds = await issuer.claimants()
    const { epoch } = this.#plan()
    // With nothing left nobody has become one of them meanwhile, unless more stock has come.
    if (epoch !== before.epoch) return ok(null)
    this.#known = { epoch, fingerprints: fingerprintsOf(userIds).buffer }
    return ok(this.#known)
  }
}
