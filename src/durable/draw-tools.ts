/** The lottery's randomness and hashing, for the core's draw. */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { DrawTools } from '../core/line-operator.ts'

export const drawTools: DrawTools = {
  newLottery() {
    const seed = randomBytes(32)
    return {
      seed: seed.toString('hex'),
      commitment: createHash('sha256').update(seed).digest('hex'),
      entrants: null,
    }
  },
  ticketOf(seed) {
    const key = Buffer.from(seed, 'hex')
    return (joinNumber) => createHmac('sha256', key).update(String(joinNumber)).digest('hex')
  },
}
