/** How long after each fault the crowd heard of its line again, and the next one was let in. */
import { percentile } from '../../src/cli/load/statistics.ts'

type Fault = { readonly kind: string; readonly fromMs: number; heardMs: number | null }

export type RecoveryRow = {
  readonly kind: string
  readonly n: number
  readonly heardMs: { readonly p50: number | null; readonly max: number | null }
  readonly admittedMs: { readonly p50: number | null; readonly max: number | null }
}

export class RecoveryMeter {
  readonly #faults: Fault[] = []
  readonly #admittedAtMs: number[] = []
  readonly resumedMs: number[] = []

  /** @param fromMs from when recovery counts: the blow itself, or the end of a fault that lasts */
  fault(kind: string, fromMs: number): void {
    this.#faults.push({ kind, fromMs, heardMs: null })
  }

  /** A position or a promotion arrived that the server made no earlier than `saidMs`. */
  heard(saidMs: number): void {
    for (let index = this.#faults.length - 1; index >= 0; index -= 1) {
      const fault = this.#faults[index]
      if (fault === undefined || fault.heardMs !== null) return
      if (saidMs >= fault.fromMs) fault.heardMs = Math.max(0, Date.now() - fault.fromMs)
    }
  }

  admitted(admittedAtMs: number): void {
    this.#admittedAtMs.push(admittedAtMs)
  }

  /** Whether the last fault is over for the crowd: it hears, and somebody has been let in since. */
  get isRecovered(): boolean {
    const last = this.#faults.at(-1)
    if (last === undefined) return true
    return last.heardMs !== null && this.#firstAdmissionAfter(last.fromMs) !== null
  }

  rows(): RecoveryRow[] {
    const kinds = [...new Set(this.#faults.map(({ kind }) => kind))].toSorted()
    return kinds.map((kind) => {
      const faults = this.#faults.filter((fault) => fault.kind === kind)
      const heard = faults.flatMap(({ heardMs }) => (heardMs === null ? [] : [heardMs]))
      const admitted = faults.flatMap(({ fromMs }) => {
        const atMs = this.#firstAdmissionAfter(fromMs)
        return atMs === null ? [] : [atMs - fromMs]
      })
      return { kind, n: faults.length, heardMs: summaryOf(heard), admittedMs: summaryOf(admitted) }
    })
  }

  #firstAdmissionAfter(atMs: number): number | null {
    const first = this.#admittedAtMs.reduce((least, at) => (at >= atMs && at < least ? at : least), Infinity)
    return first === Infinity ? null : first
  }
}

export function summaryOf(samples: readonly number[]): { p50: number | null; max: number | null } {
  return { p50: percentile(samples, 0.5), max: percentile(samples, 1) }
}
