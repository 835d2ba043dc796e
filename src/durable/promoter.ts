/**
 * Lets people in: asks the pool's gate for a batch, admits whom it grants, and tells it which leases are over. One
 * pass at a time; whoever asks for another while one runs gets it right after.
 *
 * Policy when the gate is away: the line holds. Places are kept, nobody is admitted, the batch in flight is asked again
 * under the same id, and a breaker lets one probe through at a time (INV-12).
 */
import { Breaker } from '../core/breaker.ts'
import { settleDebts } from '../core/line-admissions.ts'
import { chooseBatch, settleBatch, type NewIds, type Ticket } from '../core/line-promotion.ts'
import type { LineState } from '../core/line-state.ts'
import { BATCH_MEMBERS_MAX } from '../core/limits.ts'
import type { AdmissionRecord, BatchRecord, Decision, GateDebt, PoolKeyText } from '../core/records.ts'
import type { EpochMs } from '../core/time.ts'
import type { PoolChange, PoolGate, PoolView } from '../ports/pool-gate.ts'
import { GrantConfirmation } from './grant-confirmation.ts'
import { reconcilePools } from './pool-reconciliation.ts'
import type { PoolCalls, TurnOfCalls } from './pool-calls.ts'
import { poolTerms, type PoolRecovery } from './pool-recovery.ts'

export type PromoterDeps = {
  readonly gate: PoolGate
  readonly calls: PoolCalls
  readonly recovery: PoolRecovery
  readonly line: () => LineState | null
  readonly commit: (decision: Decision<unknown>) => void
  readonly now: () => EpochMs
  readonly wait: (ms: number) => Promise<void>
  readonly ids: NewIds
  readonly signTickets: (batch: BatchRecord, issuedAtMs: EpochMs) => Promise<Ticket[]>
  readonly admitted: (count: number, chosenAtMs: EpochMs) => void
  /** StoreUnavailable for an outage; anything else is a bug, reported and survived by holding. */
  readonly failed: (error: unknown) => void
}

/** Exchanges with the gate in one run: 100 batches of 1,000 are more than a tick can hold. */
const PASSES_MAX = 100

type Ask = { readonly debt: GateDebt; readonly pool: PoolKeyText; readonly records: AdmissionRecord[] }

export class Promoter {
  readonly #deps: PromoterDeps
  readonly #breaker = new Breaker()
  readonly #confirmation: GrantConfirmation
  #running: Promise<void> | null = null
  #again = false
  #reconcileDue = false

  constructor(deps: PromoterDeps) {
    this.#deps = deps
    this.#confirmation = new GrantConfirmation(deps.wait, () => void this.promote())
  }

  /** The line is open but may not admit: the gate is away, or being rebuilt. */
  get isHolding(): boolean {
    return this.#breaker.isTroubled || this.#deps.recovery.isRunning
  }

  /** Resolves when everything that could be done now has been done. Never rejects. */
  promote(): Promise<void> {
    if (this.#running !== null) {
      this.#again = true
      return this.#running
    }
    this.#running = this.#run().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  /** The watchdog's question whether the gate has what the ledger has; answered between two passes. */
  reconcile(): Promise<void> {
    this.#reconcileDue = true
    return this.promote()
  }

  async #run(): Promise<void> {
    let passes = 0
    do {
      this.#again = false
      // A full batch was granted, or a recovery is done: there may be more to do at once. Bounded, so that a gate
      // that answers nonsense costs a tick and not the object.
      while (passes < PASSES_MAX && (await this.#pass())) passes += 1
    } while (this.#again && passes < PASSES_MAX)
  }

  /** One exchange with the gate. True when there may be more to do at once. */
  async #pass(): Promise<boolean> {
    const line = this.#deps.line()
    if (line === null || !this.#breaker.allows(this.#deps.now())) return false
    try {
      const outcome = await this.#exchange(line)
      if (outcome !== 'idle') this.#breaker.succeeded()
      return outcome === 'more'
    } catch (error) {
      this.#breaker.failed(this.#deps.now())
      this.#deps.failed(error)
      return false
    }
  }

  /** `idle`: there was nothing to ask, so nothing is known of the gate either. */
  async #exchange(line: LineState): Promise<'idle' | 'done' | 'more'> {
    if (this.#deps.recovery.isRunning && !(await this.#recover(line))) return 'done'
    if (this.#reconcileDue) {
      this.#reconcileDue = false
      await reconcilePools(line, this.#deps.gate, (pool) => this.#turn(line).next(pool), this.#deps.recovery)
      if (this.#deps.recovery.isRunning) return 'more'
    }
    const asks = askedDebts(line)
    const batch = this.#batch(line)
    if (asks.length === 0 && batch === null) return 'idle'
    // Sent in one turn, so the client puts them into one request, in this order: what ended makes room for the batch.
    const turn = this.#turn(line)
    const debts = asks.map((ask) => this.#settle(line, ask, turn))
    const granted = batch === null ? null : this.#reserve(line, batch, turn)
    const settled = await Promise.allSettled([...debts, granted])
    for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason
    if (this.#deps.recovery.isRunning) return 'more'
    // What was given back in this very exchange may have been too late for the batch: a script that the store had to be
    // sent again runs after the others.
    const madeRoom = asks.some(({ debt }) => debt === 'release')
    const mayBeMore = batch !== null && (madeRoom || (await granted) === batch.members.length)
    return mayBeMore ? 'more' : 'done'
  }

  /** The batch to ask the gate for now; null also while a grant has to age. */
  #batch(line: LineState): BatchRecord | null {
    const chosen = chooseBatch(line, this.#deps.now(), this.#deps.ids)
    this.#deps.commit(chosen)
    const batch = chosen.value
    return batch === null || this.#confirmation.isYoung(batch) ? null : batch
  }

  /** Tells the gate what became of some admissions. Safe to repeat. */
  async #settle(line: LineState, { debt, pool, records }: Ask, turn: TurnOfCalls): Promise<void> {
    const reply = await this.#tell(() => turn.next(pool), debt, records)
    if (reply === null) {
      this.#deps.recovery.begin(pool)
      return
    }
    this.#saw(line, pool, reply)
    this.#deps.commit(settleDebts(line, debt, records))
  }

  /** Null when the gate has lost this line's generation. */
  async #tell(call: () => PoolChange, debt: GateDebt, records: AdmissionRecord[]): Promise<PoolView | null> {
    const { gate } = this.#deps
    switch (debt) {
      case 'release': {
        const reply = await gate.release({
          ...call(),
          admissionIds: records.map((record) => record.admissionId),
        })
        return reply.kind === 'lost' ? null : reply.view
      }
      case 'renew': {
        const reply = await gate.renew({ ...call(), leases: records })
        return reply.kind === 'lost' || reply.changed < records.length ? null : reply.view
      }
      case 'redeem': {
        // Made in one turn, so they travel as one request.
        const replies = await Promise.all(
          records.map(({ admissionId, leaseExpiresAtMs, sessionDigest }) =>
            gate.redeem({
              ...call(),
              lease: { admissionId, leaseExpiresAtMs, sessionDigest: sessionDigest ?? '' },
            }),
          ),
        )
        let view: PoolView | null = null
        for (const reply of replies) {
          if (reply.kind !== 'redeemed') return null
          view = reply.view
        }
        return view
      }
    }
  }

  /** How many of the batch were admitted; 0 while the outcome is open. */
  async #reserve(line: LineState, batch: BatchRecord, turn: TurnOfCalls): Promise<number> {
    const toldVersion = line.poolViews.get(batch.pool)?.version ?? 0
    const nowMs = this.#deps.now()
    const signing = this.#signEarly(batch, nowMs)
    const reply = await this.#deps.gate.reserve({
      ...turn.next(batch.pool),
      nowMs,
      toldVersion,
      batchId: batch.batchId,
      admissionIds: batch.members.map((member) => member.admissionId),
      leaseExpiresAtMs: nowMs + line.event.config.entryTokenTtlSeconds * 1_000,
      ...poolTerms(line.event, batch.pool),
    })
    if (reply.kind !== 'granted') {
      this.#confirmation.forget()
      this.#deps.recovery.begin(batch.pool)
      return 0
    }
    this.#saw(line, batch.pool, reply.view)
    if (!this.#confirmation.granted(batch, reply.count)) return 0
    const granted = { ...batch, members: batch.members.slice(0, reply.count) }
    const tickets = await (signing ?? this.#deps.signTickets(granted, this.#deps.now()))
    // The event may have been deleted while the gate was asked; its leases are given back by its removal.
    if (this.#deps.line() !== line) return 0
    const settled = settleBatch(line, batch, tickets.slice(0, reply.count), this.#deps.now())
    this.#deps.commit(settled)
    if (settled.value.admitted > 0) this.#deps.admitted(settled.value.admitted, batch.chosenAtMs)
    return reply.count
  }

  /**
   * The tickets of the whole batch, signed while the gate is asked. Of its own pool a line asks for no more than it
   * knows to be free, so they are rarely in vain; elsewhere, and while the gate is in trouble, they would be.
   */
  #signEarly(batch: BatchRecord, nowMs: EpochMs): Promise<Ticket[]> | null {
    if (batch.pool.startsWith('p:') || this.#breaker.isTroubled) return null
    const signing = this.#deps.signTickets(batch, nowMs)
    // Whoever waits for them hears of it; without an answer of the gate nobody does.
    signing.catch(() => {})
    return signing
  }

  #turn(line: LineState): TurnOfCalls {
    return this.#deps.calls.turn(line, this.#deps.now())
  }

  async #recover(line: LineState): Promise<boolean> {
    const views = await this.#deps.recovery.proceed(line, this.#deps.now())
    for (const [pool, view] of views) this.#saw(line, pool, view)
    return !this.#deps.recovery.isRunning
  }

  /** Remembers the newest generation, so that a gate that goes back behind it is found out. */
  #saw(line: LineState, pool: PoolKeyText, view: PoolView): void {
    const known = line.poolViews.get(pool)
    if (known !== undefined && known.epoch === view.epoch && known.version >= view.version) return
    const record = { pool, epoch: view.epoch, version: view.version }
    line.poolViews.set(pool, record)
    this.#deps.commit({ value: null, changes: [{ kind: 'pool_seen', view: record }], notices: [] })
  }
}

/** What the gate has to be told, by pool and kind, at most one script call's worth of each. */
function askedDebts(line: LineState): Ask[] {
  const asks = new Map<string, Ask>()
  for (const record of line.ledger.debts()) {
    if (record.debt === null) continue
    const key = `${record.pool} ${record.debt}`
    const ask = asks.get(key) ?? { debt: record.debt, pool: record.pool, records: [] }
    if (ask.records.length < BATCH_MEMBERS_MAX) ask.records.push(record)
    asks.set(key, ask)
  }
  return [...asks.values()]
}
