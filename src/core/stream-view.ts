import type { AdmissionRecord, EndReason } from './records.ts'
import type { EtaSeconds } from './views.ts'

/** What a visitor's stream should show at this moment. */
export type StreamView =
  | {
      readonly kind: 'waiting'
      readonly position: number | null
      readonly totalWaiting: number
      readonly etaSeconds: EtaSeconds | null
    }
  | { readonly kind: 'admitted'; readonly admission: AdmissionRecord }
  | { readonly kind: 'ended'; readonly reason: EndReason }
