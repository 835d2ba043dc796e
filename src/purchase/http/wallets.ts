/** The visitor's wallet, and the books that it is kept in. */
import { err, ok } from '../../core/result.ts'
import { endpoint } from '../../http/endpoint.ts'
import { keptJson, operationOf } from '../../http/idempotency.ts'
import { json } from '../../http/reply.ts'
import { chargeBody, ledger, statement, statementQuery, wallet } from './schemas.ts'

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
    idempotent: 'by object',
    // Every charge is rows for good, and anybody may have a session.
    limit: 'join',
    responses: { 200: { description: 'The balance after it.', schema: wallet } },
    async handler(call) {
      const { purchase, caller, body } = call
      const { userId } = caller
      const { operationId, requestHash } = operationOf(call)
      const charged = await purchase.wallet(userId).post({
        operationId: `charge:${operationId}`,
        requestHash,
        kind: 'charge',
        userId,
        amount: body.amount,
        reference: '',
      })
      return charged.ok ? ok(keptJson(200, charged.value)) : err(charged.error)
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/v1/wallet/statement',
    auth: 'visitor',
    tag: 'Purchase',
    summary: 'What went into the wallet and out of it, the newest first, page by page.',
    query: statementQuery,
    responses: { 200: { description: 'A page; `next` is null on the last one.', schema: statement } },
    async handler({ purchase, caller, query }) {
      const { before = null, limit: count } = query
      // One more than is shown says whether there is a next page.
      const found = await purchase.wallet(caller.userId).statement(caller.userId, before, count + 1)
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
