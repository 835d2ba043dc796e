/**
 * Double-entry bookkeeping of one ledger shard: every operation takes from one account what it gives to another, so all
 * balances of a shard sum to zero at any time. Amounts are integers; a visitor's account is never below zero.
 */
import { err, ok, type Result } from '../../core/result.ts'
import type { EpochMs } from '../../core/time.ts'
import type { Amount } from './records.ts'

/** Where charges come from, and where payments go: accounts of the shard itself. */
export const FUNDING = 'funding'
export const SALES = 'sales'

export function visitorAccount(userId: string): string {
  return `visitor:${userId}`
}

export const OPERATION_KINDS = ['charge', 'payment', 'refund'] as const
export type OperationKind = (typeof OPERATION_KINDS)[number]

export type Operation = {
  /** The same operation is carried out once. */
  readonly operationId: string
  readonly kind: OperationKind
  readonly userId: string
  /** At least 0. */
  readonly amount: Amount
  /** What it was for: a payment's id; empty for a charge. */
  readonly reference: string
  readonly atMs: EpochMs
}

/** Positive: the account gets it. */
export type Entry = { readonly account: string; readonly amount: Amount; readonly balance: Amount }

export type Posted = { readonly operation: Operation; readonly entries: readonly [Entry, Entry] }

type Accounts = { readonly from: string; readonly to: string }

/** The two entries of an operation, from the balances before it. @throws beyond what integers can count. */
export function posted(
  operation: Operation,
  balanceOf: (account: string) => Amount,
): Result<Posted, 'insufficient-balance'> {
  const { from, to } = accountsOf(operation)
  const { amount } = operation
  if (!Number.isSafeInteger(amount) || amount < 0) throw new Error('not an amount')
  const left = balanceOf(from) - amount
  if (operation.kind === 'payment' && left < 0) return err('insufficient-balance')
  const right = balanceOf(to) + amount
  if (!Number.isSafeInteger(left) || !Number.isSafeInteger(right))
    throw new Error('a balance beyond counting')
  return ok({
    operation,
    entries: [
      // No negative zero: it is not what a row gives back.
      { account: from, amount: 0 - amount, balance: left },
      { account: to, amount, balance: right },
    ],
  })
}

function accountsOf({ kind, userId }: Operation): Accounts {
  const visitor = visitorAccount(userId)
  if (kind === 'charge') return { from: FUNDING, to: visitor }
  return kind === 'payment' ? { from: visitor, to: SALES } : { from: SALES, to: visitor }
}
