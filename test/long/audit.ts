/** What a sale has left behind, in the store and in memory. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { RespClient } from '../../dev/redis/resp.ts'
import type { TestRedis } from '../support/redis.ts'

export type StoreAudit = { readonly keys: number; readonly withoutTtl: string[]; readonly leases: number }

/** Every key of the store, those that would never go away, and the leases that are still held. */
export async function auditStore(redis: TestRedis): Promise<StoreAudit> {
  const resp = new RespClient(redis.engine)
  try {
    const [found] = await resp.send([['KEYS', '*']])
    const keys = Array.isArray(found) ? found.map(String) : []
    const ttls = await resp.send(keys.map((key) => ['PTTL', key]))
    const leaseKeys = keys.filter((key) => key.endsWith(':leases'))
    const counts = await resp.send(leaseKeys.map((key) => ['ZCARD', key]))
    return {
      keys: keys.length,
      withoutTtl: keys.filter((_key, index) => Number(ttls[index]) <= 0),
      // One member of each is the epoch.
      leases: counts.reduce<number>((sum, count) => sum + Number(count) - 1, 0),
    }
  } finally {
    resp.close()
  }
}

/** What JavaScript holds after a full collection, in MB. */
export async function heapMb(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // Finalizers run in a turn of their own and free more.
  for (let round = 0; round < 3; round += 1) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1_048_576
}
