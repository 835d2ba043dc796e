/** Why a drop refuses, and the problems that this becomes. */
import type { ProblemKind } from '../../http/problem-catalog.ts'
import type { DropFailure } from '../ports.ts'

/** `sold-out` and `store-unavailable` are as they are elsewhere. */
export type DropProblem =
  | DropFailure
  | { readonly reason: 'claim-not-found' }
  | { readonly reason: 'drop-not-open'; readonly opensAt: string; readonly retryAfterSeconds: number }
  | { readonly reason: 'drop-not-open'; readonly opensAt: null }
  | { readonly reason: 'store-unavailable'; readonly retryAfterSeconds: number }

type OwnReason = Exclude<DropProblem['reason'], 'store-unavailable'>

export const DROP_PROBLEMS: Readonly<Record<OwnReason, ProblemKind>> = {
  'drop-not-found': { status: 404, title: 'Drop not found', detail: 'There is no drop with this id.' },
  'claim-not-found': {
    status: 404,
    title: 'Claim not found',
    detail: 'This visitor has no claim of this drop.',
  },
  'drop-not-open': {
    status: 409,
    title: 'Drop not open',
    detail:
      'Nothing is issued before `opensAt`, or any more when that is null; a claim made before is answered.',
  },
  'drop-strategy-fixed': {
    status: 409,
    title: 'Strategy fixed',
    detail: 'A drop keeps the strategy that it was made with, named in `strategy`; make another drop.',
  },
  'drop-stock-reduced': {
    status: 409,
    title: 'Stock reduced',
    detail: 'A drop keeps each of its `stock` codes; it can be closed by `closesAt`.',
  },
  'drop-codes-fixed': {
    status: 409,
    title: 'Code source fixed',
    detail: 'The codes of a drop are either all given or all generated.',
  },
  'drop-full': {
    status: 409,
    title: 'Drop full',
    detail: 'With these codes the drop would have more than `stockMax`.',
  },
  'drop-strategy-unavailable': {
    status: 422,
    title: 'Strategy unavailable',
    detail: 'This deployment cannot issue by `strategy`: it lacks `missing`.',
  },
}

/** What a problem says beside its text. */
export function dropExtensions(failure: { readonly reason: string }): Record<string, unknown> {
  if (!Object.hasOwn(DROP_PROBLEMS, failure.reason)) return {}
  const told = Object.entries(failure).filter(
    ([field]) => field !== 'reason' && field !== 'retryAfterSeconds',
  )
  return Object.fromEntries(told)
}
