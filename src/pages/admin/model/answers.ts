/** What the operator's API answers, as far as the console reads it (docs/api.md): the server's own types, by the console's names. */
export type { Admission, EventDetail } from '../../../core/views.ts'
export type {
  SampleView as Sample,
  SeriesView as Series,
  VisitorHistory,
  VisitorPlace as HistoryPlace,
} from '../../../core/console-views.ts'
export type { AuditEntry, AuditPage } from '../../../ports/audit.ts'
export type { PaymentDetail, Resolution, SaleFigures } from '../../../purchase/sale-views.ts'
export type { PoolConfig as Pool } from '../../../ports/registry.ts'

export type OperatorSession = { readonly operator: string }
