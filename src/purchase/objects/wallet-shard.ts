/** A part of all wallets, found by the digest of the visitor: the ledger of those whose ids hash to it. */
import { DurableObject } from 'cloudflare:workers'
import { visitorAccount } from '../core/ledger.ts'
import type { LedgerTotals, PostCall, StatementEntry, WalletApi } from '../ports.ts'
import { WalletStorage } from './wallet-storage.ts'

export class WalletShard extends DurableObject<Env> implements WalletApi {
  readonly #rows: WalletStorage

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#rows = new WalletStorage(ctx.storage)
  }

  async balance(userId: string): Promise<number> {
    return this.#rows.balance(visitorAccount(userId))
  }

  async post(call: PostCall): ReturnType<WalletApi['post']> {
    return this.#rows.post(call, Date.now())
  }

  async statement(userId: string, before: number | null, limit: number): Promise<StatementEntry[]> {
    return this.#rows.statement(userId, before, limit)
  }

  async totals(): Promise<LedgerTotals> {
    return this.#rows.totals()
  }
}
