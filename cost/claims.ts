/** What a claim of a drop needs of everything that is billed, counted over many of them, and what a million cost. */
import { CountClient, forEach, until } from './count-client.ts'
import type { Counts, CountedUsher } from './counted-usher.ts'
import { CLAIM_PRICES, OBJECT_GB, PRICES, type Price } from './prices.ts'

/** Of one claim, its recording and everything else that it causes included. */
export type ClaimNeeds = {
  readonly workerRequests: number
  readonly objectRequests: number
  readonly objectGbSeconds: number
  readonly rowsRead: number
  readonly rowsWritten: number
  readonly databaseRowsRead: number
  readonly databaseRowsWritten: number
  readonly queueOperations: number
  readonly redisCommands: number
}

const CLAIMS = 1_000
const RECORDED_WITHIN_MS = 30_000
/** How fast they come, for the time that objects are awake: a rush of a middle size. */
const CLAIMS_PER_SECOND = 200
/** A lane beside the drop's object. */
const OBJECTS_AWAKE_IN_LANES = 2
const MILLION = 1_000_000

/** @throws Error when a claim is refused, or is not recorded in time. */
export async function countClaims(usher: CountedUsher, strategy: string): Promise<ClaimNeeds> {
  const client = new CountClient(usher.url, usher.variables)
  const dropId = `counted-${strategy}`
  const operator = async (method: string, path: string, body?: object): Promise<unknown> => {
    const options = { token: usher.variables['ADMIN_API_KEY'] ?? '', ...(body !== undefined && { body }) }
    return JSON.parse((await client.send(method, `/api/v1/admin/drops/${dropId}${path}`, options)).text)
  }
  const recorded = (count: number): Promise<void> =>
    until(async () => {
      const { issued } = (await operator('GET', '/reconciliation')) as { issued: number }
      return issued === count
    }, RECORDED_WITHIN_MS)
  const claim = (token: string) => client.send('POST', `/api/v1/drops/${dropId}/claims`, { token })
  await operator('PUT', '', { name: dropId, stock: CLAIMS + 1, strategy })
  const visitors = Array.from({ length: CLAIMS + 1 })
  const [first = '', ...others] = await forEach(visitors, () => client.session())
  // The first finds nothing ready, and pays for that.
  await claim(first)
  await recorded(1)
  const before = await usher.counts()
  await forEach(others, claim)
  await recorded(CLAIMS + 1)
  const objectsAwake = strategy === 'redis-queue' ? OBJECTS_AWAKE_IN_LANES : 1
  return needsBetween(before, await usher.counts(), objectsAwake)
}

/** US dollars for a million claims, at list price beyond what plans include; `cpuUs` is what the runtime used for one. */
export function millionClaimsUsd(needs: ClaimNeeds, cpuUs: number): number {
  const parts: readonly (readonly [number, Price])[] = [
    [needs.workerRequests, PRICES.workerRequests],
    [cpuUs / 1_000, PRICES.workerCpuMs],
    [needs.objectRequests, PRICES.objectRequests],
    [needs.objectGbSeconds, PRICES.objectGbSeconds],
    [needs.rowsRead, PRICES.rowsRead],
    [needs.rowsWritten, PRICES.rowsWritten],
    [needs.redisCommands, PRICES.redisCommands],
    [needs.databaseRowsRead, CLAIM_PRICES.databaseRowsRead],
    [needs.databaseRowsWritten, CLAIM_PRICES.databaseRowsWritten],
    [needs.queueOperations, CLAIM_PRICES.queueOperations],
  ]
  return parts.reduce((sum, [units, { usd, per }]) => sum + (MILLION * units * usd) / per, 0)
}

function needsBetween(before: Counts, after: Counts, objectsAwake: number): ClaimNeeds {
  const each = (name: keyof Counts): number => (after[name] - before[name]) / CLAIMS
  return {
    workerRequests: 1,
    objectRequests: each('objectRequests') + each('alarms'),
    objectGbSeconds: (objectsAwake * OBJECT_GB) / CLAIMS_PER_SECOND,
    rowsRead: each('rowsRead'),
    rowsWritten: each('rowsWritten') + each('alarmsSet'),
    databaseRowsRead: each('databaseRowsRead'),
    databaseRowsWritten: each('databaseRowsWritten'),
    queueOperations: each('queueOperations'),
    redisCommands: each('redisCommands'),
  }
}
