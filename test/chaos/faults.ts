/** Everything that is made to fail, one function a kind. Each answers from when the recovery counts. */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultSettings } from '../../dev/redis/faults.ts'
import { RespClient } from '../../dev/redis/resp.ts'
import type { SeededRandom } from './random.ts'
import { kill, type Server } from './server.ts'

export type Arena = {
  readonly server: Server
  readonly random: SeededRandom
  readonly kills: { workerd: number; trees: number }
}
type Fault = (arena: Arena) => Promise<number>

const PROMOTION_WITHIN_MS = 3_000

async function killWorkerd({ server, kills }: Arena): Promise<number> {
  const killedAtMs = Date.now()
  if (server.killWorkerd()) kills.workerd += 1
  return killedAtMs
}

/**
 * While a call of a promotion is on its way to Redis or is carried out; or when it has been carried out and the answer is
 * lost, so that only Redis knows who was let in.
 */
async function killInPromotion(arena: Arena): Promise<number> {
  const { front } = arena.server.runtime
  if (front === null) throw new Error('there is no front')
  const losesAnswer = arena.random.chance(0.5)
  front.faults.set(losesAnswer ? { dropAfterExecute: 1 } : { delayMs: arena.random.between(5, 40) })
  const before = front.stats.requests
  const isSeen = (): boolean =>
    losesAnswer ? front.faults.settings.dropAfterExecute === 0 : front.stats.requests > before
  const deadlineMs = Date.now() + PROMOTION_WITHIN_MS
  while (!isSeen() && Date.now() < deadlineMs) await sleep(1)
  if (!losesAnswer) await sleep(arena.random.between(0, 60))
  front.faults.clear()
  return killWorkerd(arena)
}

async function killTwice(arena: Arena): Promise<number> {
  await killWorkerd(arena)
  await sleep(arena.random.between(100, 900))
  return killWorkerd(arena)
}

async function restart({ server }: Arena): Promise<number> {
  const stoppedAtMs = Date.now()
  await server.restart()
  return stoppedAtMs
}

/** The supervisor starts it again at once, with its data. */
async function killRedis({ server }: Arena): Promise<number> {
  const pid = server.runtime.redis?.pid ?? 0
  if (pid > 0) kill(pid, 'SIGKILL')
  return Date.now()
}

async function redisAway({ server, random }: Arena): Promise<number> {
  await server.runtime.redis?.kill?.()
  await sleep(random.between(500, 2_500))
  await server.runtime.redis?.restart?.()
  return Date.now()
}

/** What a native server loads. The embedded engine has nothing to load. */
function redisData({ server }: Arena): string {
  return join(server.runtime.stateDir, 'redis', 'appendonlydir')
}

/** As after a failover to a replica that had not heard of the last writes. */
async function redisOlder(arena: Arena): Promise<number> {
  const { server, random } = arena
  const data = redisData(arena)
  cpSync(data, `${data}-older`, { recursive: true })
  await sleep(random.between(200, 2_000))
  await server.runtime.redis?.kill?.()
  rmSync(data, { recursive: true })
  cpSync(`${data}-older`, data, { recursive: true })
  rmSync(`${data}-older`, { recursive: true })
  await server.runtime.redis?.restart?.()
  return Date.now()
}

async function redisEmpty(arena: Arena): Promise<number> {
  const { server } = arena
  await server.runtime.redis?.kill?.()
  rmSync(redisData(arena), { recursive: true, force: true })
  await server.runtime.redis?.restart?.()
  return Date.now()
}

async function flush({ server }: Arena): Promise<number> {
  if (server.redis === null) throw new Error('there is no Redis')
  const client = new RespClient(server.redis)
  await client.send([['FLUSHALL']])
  client.close()
  return Date.now()
}

async function freeze({ server, random }: Arena): Promise<number> {
  const pid = server.runtime.redis?.pid ?? 0
  if (pid > 0) kill(pid, 'SIGSTOP')
  await sleep(random.between(3_000, 5_000))
  if (pid > 0) kill(pid, 'SIGCONT')
  return Date.now()
}

async function slow({ server, random }: Arena): Promise<number> {
  server.runtime.front?.faults.set({ delayMs: random.between(200, 1_500) })
  await sleep(random.between(1_000, 3_000))
  server.runtime.front?.faults.clear()
  return Date.now()
}

async function outage({ server, random }: Arena): Promise<number> {
  server.runtime.front?.faults.set({ outage: true })
  await sleep(random.between(500, 2_500))
  server.runtime.front?.faults.clear()
  return Date.now()
}

function countedFaults(settings: (random: SeededRandom) => Partial<FaultSettings>): Fault {
  return async ({ server, random }) => {
    const { front } = server.runtime
    front?.faults.set(settings(random))
    const deadlineMs = Date.now() + PROMOTION_WITHIN_MS
    const isLeft = (): boolean => {
      const { dropAfterExecute = 0, dropBefore = 0, failBefore = 0 } = front?.faults.settings ?? {}
      return dropAfterExecute + dropBefore + failBefore > 0
    }
    while (isLeft() && Date.now() < deadlineMs) await sleep(5)
    front?.faults.clear()
    return Date.now()
  }
}

function together(...faults: readonly Fault[]): Fault {
  return async (arena) => Math.max(...(await Promise.all(faults.map((fault) => fault(arena)))))
}

function delayed(fault: Fault, leastMs: number, mostMs: number): Fault {
  return async (arena) => {
    await sleep(arena.random.between(leastMs, mostMs))
    return fault(arena)
  }
}

async function killTree({ server, random, kills }: Arena): Promise<number> {
  await sleep(random.between(500, 2_500))
  kills.trees += 1
  return server.killTree()
}

/** By the name under which their recovery is reported. */
export const FAULTS = {
  'workerd killed': killWorkerd,
  'workerd killed in a promotion': killInPromotion,
  'workerd killed twice': killTwice,
  'stopped and started again': restart,
  'process tree killed': killTree,
  'Redis killed, with its data': killRedis,
  'Redis away, then with its data': redisAway,
  'Redis back empty': redisEmpty,
  'Redis back with an older copy': redisOlder,
  'Redis flushed': flush,
  'Redis frozen 3-5 s': freeze,
  'Redis slow (0.2-1.5 s)': slow,
  'Redis unreachable': outage,
  'answers lost after execution': countedFaults((random) => ({ dropAfterExecute: random.between(1, 5) })),
  'refused or broken before execution': countedFaults((random) => ({
    failBefore: random.between(0, 3),
    dropBefore: random.between(1, 3),
  })),
  'Redis flushed, answers lost': together(
    flush,
    countedFaults((random) => ({ dropAfterExecute: random.between(2, 6) })),
  ),
  'Redis flushed, workerd killed': together(flush, delayed(killWorkerd, 0, 400)),
  'Redis frozen, workerd killed': together(freeze, delayed(killWorkerd, 200, 2_800)),
  'answers lost, workerd killed': together(
    countedFaults((random) => ({ dropAfterExecute: random.between(1, 4) })),
    delayed(killWorkerd, 0, 300),
  ),
} satisfies Record<string, Fault>

export type FaultKind = keyof typeof FAULTS
/** All but those that need the server in a process tree of its own. */
export type FaultHere = Exclude<FaultKind, 'process tree killed'>

/** After these Redis has lost what it was told. */
export const FORGETTING: readonly FaultKind[] = [
  'Redis back empty',
  'Redis back with an older copy',
  'Redis flushed',
  'Redis flushed, answers lost',
  'Redis flushed, workerd killed',
]

/** What the embedded engine cannot do: it runs in this process, and keeps nothing. */
export const NATIVE_ONLY: readonly FaultKind[] = [
  'Redis killed, with its data',
  'Redis away, then with its data',
  'Redis back with an older copy',
  'Redis frozen 3-5 s',
  'Redis frozen, workerd killed',
]
