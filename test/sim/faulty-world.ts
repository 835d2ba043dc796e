/** The world of a simulated sale: time, chance, a network that loses and doubles, and what must never happen. */
import { Random } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { Violation } from './invariants.ts'

export type WorldOptions<Mutant> = {
  readonly seed: number
  readonly steps: number
  readonly visitors: number
  readonly mutant: Mutant | null
  readonly trace: ((line: string) => void) | null
}

/** Faults that strike this often in its worlds, and in those of the right design beside them. */
type HasFaults = { readonly faults?: Partial<Record<FaultName, number>> }

/** How often each fault strikes, while there are any. */
const FAULTS = {
  requestLost: 0.03,
  answerLost: 0.05,
  callLate: 0.05,
  callDoubled: 0.05,
  writeRefused: 0.003,
  slowDisk: 0.1,
  alarmLate: 0.1,
} as const
export type FaultName = keyof typeof FAULTS

const STARTED_AT_MS = Date.UTC(2026, 0, 1)

export class FaultyWorld<Mutant extends HasFaults> {
  readonly options: WorldOptions<Mutant>
  readonly random: Random
  readonly scheduler: Scheduler
  isFaulty = true
  violation: Violation | null = null

  constructor(options: WorldOptions<Mutant>) {
    this.options = options
    this.random = new Random(options.seed)
    this.scheduler = new Scheduler(STARTED_AT_MS, new Random(options.seed ^ 0x5bd1e995))
  }

  get nowMs(): number {
    return this.scheduler.nowMs
  }

  get mutant(): Mutant | null {
    return this.options.mutant
  }

  strikes(fault: FaultName): boolean {
    return this.isFaulty && this.random.chance(this.mutant?.faults?.[fault] ?? FAULTS[fault])
  }

  diskMs(): number {
    return this.strikes('slowDisk') ? this.random.between(0, 2_000) : this.random.between(0, 5)
  }

  trace(text: () => string): void {
    const time = new Date(this.nowMs).toISOString().slice(14, 23)
    this.options.trace?.(`${time} ${text()}`)
  }

  /** Kept rather than thrown: the code under test catches what is thrown inside it. */
  violated(id: string, message: string): void {
    this.violation ??= new Violation(id, `${message} (seed ${this.options.seed})`)
  }

  /** A call over the network: it may be lost, late, carried out twice, and so may its answer. */
  call<T>(name: string, carryOut: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        this.trace(() => `${name}: ${why}`)
        reject(new Error('unreachable'))
      }
      const run = () =>
        void carryOut().then(
          (answer) =>
            this.scheduler.after(this.#netMs(), () =>
              this.strikes('answerLost') ? fail('the answer is lost') : resolve(answer),
            ),
          () => this.scheduler.after(this.#netMs(), () => fail('failed')),
        )
      if (this.strikes('requestLost')) {
        this.scheduler.after(this.#netMs(), () => fail('the request is lost'))
        return
      }
      this.scheduler.after(this.#netMs(), run)
      if (this.strikes('callDoubled')) this.scheduler.after(this.random.between(0, 8_000), run)
    })
  }

  #netMs(): number {
    return this.strikes('callLate') ? this.random.between(0, 15_000) : this.random.between(0, 20)
  }
}
