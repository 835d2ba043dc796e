/** What a line reaches over the network: the gate, the registry, its peers, and the signer. Each call may fail. */
import { createHash, createHmac } from 'node:crypto'
import type { DrawTools } from '../../src/core/line-operator.ts'
import type { PromotionTools } from '../../src/durable/promotion.ts'
import { gateOf } from './gate.ts'
import type { SimHost } from './host.ts'
import type { World } from './world.ts'

type Life = { readonly world: World; readonly host: SimHost; readonly isAlive: () => boolean }

export const UNREACHABLE = 'unreachable'

/** The draw with a fixed seed for all. */
export const drawTools: DrawTools = {
  newLottery: () => {
    const seed = '0b'.repeat(32)
    return { seed, commitment: createHash('sha256').update(seed).digest('hex'), entrants: null }
  },
  ticketOf: (seed) => (joinNumber) => createHmac('sha256', seed).update(String(joinNumber)).digest('hex'),
}

/** @param isAlive false when the life of the object that asks is over: its calls are never sent */
export function promotionToolsOf(world: World, host: SimHost, isAlive: () => boolean): PromotionTools {
  const { registry } = world
  const life: Life = { world, host, isAlive }
  return {
    gate: gateOf(world, host, isAlive),
    tokens: {
      sign: ({ admissionId }) =>
        new Promise((resolve) => {
          const token = `token ${(world.signed += 1)} of ${admissionId}`
          if (isAlive()) host.later(world.delayMs('disk'), () => resolve(token))
        }),
    },
    registry: {
      pool: (poolId) => remote(life, 'registryAway', () => registry.pool(poolId)),
      poolMembers: (poolId) => remote(life, 'registryAway', () => registry.poolMembers(poolId)),
      leftPool: (eventId, poolId) => remote(life, 'registryAway', () => registry.leftPool(eventId, poolId)),
    },
    nudge: (eventId, poolId) =>
      remote(life, 'peerAway', () => {
        const peer = world.host(eventId)
        peer.touched = true
        void peer
          .wake()
          .reassertPool(eventId, poolId)
          .catch(() => world.trace(() => `${eventId} cannot say what it holds`))
      }),
    randomText: () => String((world.issuedIds += 1)).padStart(22, '0'),
    alarmPerSecond: Infinity,
  }
}

/** A call of another object: held by the output gate, then there and back, unless the way is cut. */
function remote<T>(life: Life, fault: 'registryAway' | 'peerAway', effect: () => T): Promise<T> {
  const { world, host } = life
  return new Promise((resolve, reject) => {
    if (!life.isAlive()) return
    host.whenDurable(() => {
      const fails = world.strikes(fault)
      const happens = !fails || world.random.chance(0.5)
      world.scheduler.after(world.delayMs('network'), () => {
        const value = happens ? effect() : undefined
        host.later(world.delayMs('network'), () => {
          if (fails) reject(new Error(UNREACHABLE))
          else resolve(value as T)
        })
      })
    })
  })
}
