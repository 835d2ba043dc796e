/** A simulated ledger shard with its real SQL in it. */
import type { PostCall, WalletApi } from '../../../src/purchase/ports.ts'
import { WalletStorage } from '../../../src/purchase/objects/wallet-storage.ts'
import { SqliteDatabase } from '../../long/sqlite-database.ts'
import { DurableLog } from '../durable-log.ts'
import type { PurchaseWorld } from './world.ts'

type PostResult = Awaited<ReturnType<WalletApi['post']>>
type Entry = { readonly call: PostCall; readonly atMs: number }

export class SimWallet {
  readonly #world: PurchaseWorld
  readonly #log: DurableLog<Entry>
  #database = new SqliteDatabase()
  rows = new WalletStorage(this.#database)
  #life = 0
  #calls = 0

  constructor(world: PurchaseWorld) {
    this.#world = world
    this.#log = new DurableLog(world.scheduler, () => world.diskMs())
  }

  get database(): SqliteDatabase {
    return this.#database
  }

  post(call: PostCall): Promise<PostResult> {
    return this.#world.call(`${call.kind} ${call.amount} of ${call.userId}`, () => this.#carryOut(call))
  }

  crash(): void {
    const lost = this.#log.crash(this.#world.random)
    this.#world.trace(() => `the wallet dies, ${lost} writes are lost`)
    this.#life += 1
    this.#database.close()
    this.#database = new SqliteDatabase()
    this.rows = new WalletStorage(this.#database)
    for (const { call, atMs } of this.#log.entries) this.rows.post(call, atMs)
  }

  close(): void {
    this.#life += 1
    this.#database.close()
  }

  #carryOut(given: PostCall): Promise<PostResult> {
    const life = this.#life
    this.#calls += 1
    const call = this.#world.mutant?.post?.(given, this.#calls) ?? given
    const atMs = this.#world.nowMs
    const result = this.rows.post(call, atMs)
    this.#log.write({ call, atMs })
    return new Promise((resolve, reject) => {
      this.#world.scheduler.after(60_000, () => reject(new Error('no answer')))
      this.#log.whenDurable(() => {
        if (life === this.#life) resolve(result)
      })
    })
  }
}
