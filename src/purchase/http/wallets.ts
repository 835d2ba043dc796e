/** The visitor's wallet, and the books that it is kept in. */
import { err, ok } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { QueryParam } from '../../http/endpoint.ts'
import { invalidRequest } from '../../http/failure.ts'
import type { Failure } from '../../http/failure.ts'
import { operationIdOf } from '../../http/idempotency.ts'
import { json } from '../../http/reply.ts'
import { STATEMENT_PAGE_MAX } from '../core/limits.ts'
import { chargeBody, ledger, statement, wallet } from './schemas.ts'

const STATEMENT_QUERY = {
  before: {
    description: 'Only entries older than the one with this id: the `next` of the page before.',
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
  },
  limit: {
    description: `Entries of the page; ${STATEMENT_PAGE_MAX} without it.`,
    minimum: 1,
    maximum: STATEMENT_PAGE_MAX,
  },
} as const satisfies Record<string, QueryParam>

export const walletEndpoints = [
  endpoint({
    method: 'GET',
    path: '/api/v1/wallet',
    auth: 'visitor',
    tag: 'Purchase',
    summary: "The visitor's balance, in minor units.",
    responses: {
      200: { description: 'The balance; 0 for a wallet that was never charged.', schema: wallet },
    },
    async handler({ purchase, caller }) {
      return ok(json(200, { balance: await purchase.wallet(caller.userId).balance(caller.userId) }))
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/v1/wallet/charge',
    auth: 'visitor',
    tag: 'Purchase',
    summary: 'Put money into the wallet.',
    body: chargeBody,
    idempotent: true,
    // Every charge is rows for good, and anybody may have a session.
    limit: 'join',
    responses: { 200: { description: 'The balance after it.', schema: wallet } },
    async handler(call) {
      const { purchase, caller, body } = call
      const { userId } = caller
      const operation = { operationId: `charge:${operationIdOf(call)}`, kind: 'charge', userId } as const
      const charged = await purchase.wallet(userId).post({ ...operation, amount: body.amount, reference: '' })
      return charged.ok ? ok(json(200, charged.value)) : err(charged.error)
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/v1/wallet/statement',
    auth: 'visitor',
    tag: 'Purchase',
    summary: 'What went into the wallet and out of it, the newest first, page by page.',
    query: STATEMENT_QUERY,
    responses: { 200: { description: 'A page; `next` is null on the last one.', schema: statement } },
    async handler({ purchase, caller, request }) {
      const { searchParams } = new URL(request.url)
      const before = integerOf(searchParams, 'before')
      const limit = integerOf(searchParams, 'limit')
      if (!before.ok) return before
      if (!limit.ok) return limit
      const count = limit.value ?? STATEMENT_PAGE_MAX
      // One more than is shown says whether there is a next page.
      const found = await purchase.wallet(caller.userId).statement(caller.userId, before.value, count + 1)
      const entries = found.slice(0, count)
      const next = found.length > count ? (entries.at(-1)?.entryId ?? null) : null
      return ok(json(200, { entries, next }))
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/v1/admin/ledger',
    auth: 'operator',
    tag: 'Purchase',
    summary: 'Sums over all accounts. They cancel out as long as no money was made or lost.',
    responses: { 200: { description: 'The sums, each shard at its own moment.', schema: ledger } },
    async handler({ purchase }) {
      const totals = await purchase.totals()
      const { visitors, funding, sales, entries } = totals
      return ok(json(200, { ...totals, balanced: visitors + funding + sales === 0 && entries === 0 }))
    },
  }),
]

/** Null without the parameter. */
function integerOf(
  params: URLSearchParams,
  name: keyof typeof STATEMENT_QUERY,
): Result<number | null, Failure> {
  const text = params.get(name)
  if (text === null) return ok(null)
  const { minimum, maximum } = STATEMENT_QUERY[name]
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= minimum && value <= maximum) return ok(value)
  const detail = `Must be an integer from ${minimum} to ${maximum}.`
  return err(invalidRequest({ pointer: `/${name}`, detail }))
}
