import { FaultyWorld, type WorldOptions } from '../faulty-world.ts'
import type { PurchaseMutant } from './mutants.ts'

export type PurchaseOptions = WorldOptions<PurchaseMutant>

/** The world of one purchase simulation. */
export class PurchaseWorld extends FaultyWorld<PurchaseMutant> {}
