import { FaultyWorld, type WorldOptions } from '../faulty-world.ts'
import type { DropMutant } from './mutants.ts'

export type DropOptions = WorldOptions<DropMutant>

/** The world of one simulated drop. */
export class DropWorld extends FaultyWorld<DropMutant> {}
