/** Looks at Redis over a connection of its own, and at the lines' counts, all the time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { RespClient } from '../../dev/redis/resp.ts'
import { poolKeys } from '../../src/redis/keys.ts'
import type { CapacityWatch, WatchedPool } from './capacity-watch.ts'
import type { Operator } from './operator.ts'
import type { Server } from './server.ts'

const LEASES_EVERY_MS = 40
const COUNTS_EVERY_MS = 250
/** A frozen Redis is asked again on a new connection. */
const REDIS_TIMEOUT_MS = 1_000

export class Sampler {
  readonly #server: Server
  readonly #pools: readonly WatchedPool[]
  readonly #watch: CapacityWatch
  readonly #operator: Operator
  readonly #loops: Promise<void>[]
  #client: { readonly port: number; readonly resp: RespClient } | null = null
  #isOver = false

  constructor(server: Server, pools: readonly WatchedPool[], watch: CapacityWatch, operator: Operator) {
    this.#server = server
    this.#pools = pools
    this.#watch = watch
    this.#operator = operator
    this.#loops = [
      this.#every(LEASES_EVERY_MS, () => this.#sampleLeases()),
      this.#every(COUNTS_EVERY_MS, () => this.#sampleCounts()),
    ]
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#loops)
    this.#client?.resp.close()
  }

  /** The leases of every pool, at one instant. @throws when Redis is away */
  async leases(): Promise<Map<string, number>> {
    const commands = this.#pools.map(({ key }) => ['ZCARD', poolKeys(key as `e:${string}`)[1]])
    const replies = await this.#redis().send([['MULTI'], ...commands, ['EXEC']])
    const counts = replies.at(-1)
    if (!Array.isArray(counts)) throw new Error('Redis is not ready')
    // One member is the sentinel of the generation, and no lease.
    return new Map(this.#pools.map(({ key }, index) => [key, Math.max(0, Number(counts[index]) - 1)]))
  }

  async #sampleLeases(): Promise<void> {
    for (const [key, count] of await this.leases()) this.#watch.sawLeases(key, count)
  }

  async #sampleCounts(): Promise<void> {
    for (const eventId of this.#pools.flatMap((pool) => pool.eventIds)) {
      const { admitted } = await this.#operator.counts(eventId)
      this.#watch.sawAdmitted(eventId, admitted)
    }
  }

  #redis(): RespClient {
    const address = this.#server.redis
    if (address === null) throw new Error('Redis is not there')
    if (this.#client?.port !== address.port) {
      this.#client?.resp.close()
      this.#client = { port: address.port, resp: new RespClient({ ...address, timeoutMs: REDIS_TIMEOUT_MS }) }
    }
    return this.#client.resp
  }

  async #every(ms: number, look: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      // What is away cannot be looked at; that is what the faults are for.
      await look().catch(() => undefined)
      await sleep(ms)
    }
  }
}
