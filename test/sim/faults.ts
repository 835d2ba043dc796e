/** What may go wrong, and how often. Each seed draws which of it goes wrong in its world at all. */
import type { Random } from './random.ts'

/** Probabilities: of each step for those that strike the world, of each occasion for those that strike one. */
export const FAULT_MAXIMA = {
  /** Each step: a host loses its memory, and what was not durable. */
  crash: 0.15,
  /** Each write: the rows refuse it, and the host starts again. */
  writeRefused: 0.01,
  /** Each sync takes up to half a second. */
  slowDisk: 0.5,
  /** Each alarm. */
  alarmLost: 0.1,
  alarmDoubled: 0.2,
  alarmLate: 0.2,
  /** Each round of the watchdog. */
  cronSkipped: 0.5,
  cronDoubled: 0.5,
  /** Each call of the gate. */
  gateRefused: 0.2,
  gateUnanswered: 0.2,
  gateOvertaken: 0.1,
  gateResent: 0.1,
  /** Each step: nobody reaches the gate for some seconds. */
  gateAway: 0.03,
  /** Each step: the gate loses its last writes, is put back to an older copy, loses everything, or one of its keys. */
  storeCut: 0.03,
  storeOlder: 0.02,
  storeFlushed: 0.02,
  storeKeyLost: 0.02,
  /** Each step: a host's clock jumps by minutes. */
  clockJump: 0.05,
  /** Each call. */
  registryAway: 0.3,
  peerAway: 0.3,
} as const

export type FaultName = keyof typeof FAULT_MAXIMA
export type Faults = Readonly<Record<FaultName, number>>

export const FAULT_NAMES = Object.keys(FAULT_MAXIMA) as FaultName[]

/** About half of the faults, each with its own rate; `without` are never drawn. */
export function drawFaults(random: Random, without: readonly string[]): Faults {
  const faults: Record<string, number> = {}
  for (const name of FAULT_NAMES) {
    const probability = random.chance(0.5) ? random.next() * FAULT_MAXIMA[name] : 0
    faults[name] = without.includes(name) ? 0 : probability
  }
  return faults as Faults
}

export const NO_FAULTS: Faults = Object.fromEntries(FAULT_NAMES.map((name) => [name, 0])) as Record<
  FaultName,
  number
>
