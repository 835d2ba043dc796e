/** What the office sees of a line: admissions that are alive or have ended, once. */
import type { PurchaseWorld } from './world.ts'

export class SimLine {
  readonly #world: PurchaseWorld
  readonly #admissions = new Map<string, 'alive' | 'completed' | 'left'>()

  constructor(world: PurchaseWorld) {
    this.#world = world
  }

  admit(userId: string): string {
    const admissionId = `admission ${this.#admissions.size} of ${userId}`
    this.#admissions.set(admissionId, 'alive')
    return admissionId
  }

  isAlive(admissionId: string): boolean {
    return this.#admissions.get(admissionId) === 'alive'
  }

  hasEnded(admissionId: string): boolean {
    return !this.isAlive(admissionId)
  }

  /** False when it was over already. */
  leave(admissionId: string): boolean {
    return this.#end(admissionId, 'left')
  }

  complete(admissionId: string): Promise<void> {
    return this.#world.call(`${admissionId} is completed`, async () => {
      this.#end(admissionId, 'completed')
    })
  }

  #end(admissionId: string, as: 'completed' | 'left'): boolean {
    if (!this.isAlive(admissionId)) return false
    this.#admissions.set(admissionId, as)
    return true
  }
}
