/** The purchase service as the Worker mounts it: its objects, and the clients through which the gateway asks them. */
import type { Config } from '../config.ts'
import { inLane } from '../durable-clients.ts'
import { LanesByLine } from '../line-lanes.ts'
import { errorFields, log } from '../observability/log.ts'
import { objectCaller } from '../object-caller.ts'
import type { WebhookSourceApi } from '../outbound/message.ts'
import { WALLET_SHARDS } from './core/limits.ts'
import { KeptMaps } from './kept-maps.ts'
import { officeOf, walletOf, walletShard } from './objects/objects.ts'
import { createProvider } from './payments/providers.ts'
import { SaleRounds } from './sale-rounds.ts'
import type { LedgerTotals, PurchasePorts, SeatOfficeApi, WalletApi } from './ports.ts'

export { SeatOffice } from './objects/seat-office.ts'
export { WalletShard } from './objects/wallet-shard.ts'

/** What this isolate has under way of what anybody may ask. */
const lanes = new LanesByLine()
const maps = new KeptMaps()
const rounds = new SaleRounds()

/** Who keeps the news of an event's seats. */
export function officeNews(env: Env, eventId: string): WebhookSourceApi {
  return officeOf(env, eventId)
}

export function purchaseClients(
  env: Env,
  { purchaseHoldSeconds, payments }: Pick<Config, 'purchaseHoldSeconds' | 'payments'>,
): PurchasePorts {
  const office = (eventId: string) => officeClient(env, eventId)
  return {
    office,
    wallet: (userId) => walletClient(() => walletOf(env, userId)),
    figures: (eventIds) =>
      rounds.figures(eventIds, (eventId) => office(eventId).figures(), { nowMs: Date.now(), log }),
    totals: () => totalsOf(env),
    async left(eventId, admissionId) {
      try {
        await office(eventId).left(admissionId)
      } catch (error) {
        // The admission has ended, which is what was asked for; the seats are free when their hold ends.
        log.warn('seats_unreleased', { eventId, ...errorFields(error) })
      }
    },
    holdMs: purchaseHoldSeconds * 1_000,
    provider: payments === null ? null : createProvider(payments),
  }
}

/** Each call carries what makes it the same when it is repeated, so all of them may be. */
function officeClient(env: Env, eventId: string): SeatOfficeApi {
  const ask = objectCaller(() => officeOf(env, eventId))
  return {
    figures: () => ask('repeat', (office) => office.figures()),
    plan: (sections) => {
      rounds.planned(eventId)
      return ask('repeat', (office) => office.plan(sections))
    },
    map: (knownVersion) =>
      maps.map(eventId, knownVersion, (known) =>
        inLane(lanes.of(eventId).visits, () => ask('repeat', (office) => office.map(known))),
      ),
    hold: (call) => ask('repeat', (office) => office.hold(call)),
    answered: (operation) => ask('repeat', (office) => office.answered(operation)),
    reservation: (reservationId, userId) =>
      ask('repeat', (office) => office.reservation(reservationId, userId)),
    giveUp: (reservationId, userId) => ask('repeat', (office) => office.giveUp(reservationId, userId)),
    left: (admissionId) => ask('repeat', (office) => office.left(admissionId)),
    payByWallet: (call) => ask('repeat', (office) => office.payByWallet(call)),
    payByProvider: (call) => ask('repeat', (office) => office.payByProvider(call)),
    hearProvider: (providerEventId, paymentId, state) =>
      ask('repeat', (office) => office.hearProvider(providerEventId, paymentId, state)),
    lookAtPayment: (paymentId) => ask('repeat', (office) => office.lookAtPayment(paymentId)),
    confirmPayment: (paymentId, proof) => ask('repeat', (office) => office.confirmPayment(paymentId, proof)),
    payments: (state) => ask('repeat', (office) => office.payments(state)),
    resolvePayment: (paymentId, as) => ask('repeat', (office) => office.resolvePayment(paymentId, as)),
  }
}

function walletClient(shard: () => WalletApi): WalletApi {
  const ask = objectCaller(shard)
  return {
    balance: (userId) => ask('repeat', (wallet) => wallet.balance(userId)),
    post: (call) => ask('repeat', (wallet) => wallet.post(call)),
    statement: (userId, before, limit) => ask('repeat', (wallet) => wallet.statement(userId, before, limit)),
    totals: () => ask('repeat', (wallet) => wallet.totals()),
  }
}

async function totalsOf(env: Env): Promise<LedgerTotals> {
  const shards = Array.from({ length: WALLET_SHARDS }, (_, shard) =>
    walletClient(() => walletShard(env, shard)),
  )
  const all = await Promise.all(shards.map((shard) => shard.totals()))
  const sum = (of: (totals: LedgerTotals) => number) => all.reduce((total, one) => total + of(one), 0)
  return {
    visitors: sum(({ visitors }) => visitors),
    funding: sum(({ funding }) => funding),
    sales: sum(({ sales }) => sales),
    entries: sum(({ entries }) => entries),
    operations: sum(({ operations }) => operations),
  }
}
