/** The one place where an object of the purchase service is found by its name. */
import { shardOf } from '../../core/scale.ts'
import type { WebhookSourceApi } from '../../outbound/message.ts'
import { WALLET_SHARDS } from '../core/limits.ts'
import type { SeatOfficeApi, WalletApi } from '../ports.ts'

export function officeOf(env: Env, eventId: string): SeatOfficeApi & WebhookSourceApi {
  return env.SEAT_OFFICE.getByName(eventId)
}

/** The ledger shard that keeps the visitor's wallet. */
export function walletOf(env: Env, userId: string): WalletApi {
  return walletShard(env, shardOf(userId, WALLET_SHARDS))
}

export function walletShard(env: Env, shard: number): WalletApi {
  return env.WALLET_SHARD.getByName(String(shard))
}
