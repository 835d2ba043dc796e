/** A drop on its real rows and real records, with a clock, an alarm and a line that the test holds in its hands. */
import type { DropNews } from '../../../src/core/drop-news.ts'
import type { ClaimOutcome, PutDrop } from '../../../src/drops/core/records.ts'
import { DropEngine } from '../../../src/drops/objects/drop-engine.ts'
import type { DropHost } from '../../../src/drops/objects/drop-host.ts'
import { ObjectIssuer } from '../../../src/drops/objects/object-issuer.ts'
import type { ClaimRecords, DropDetail, DropResult, Reconciliation } from '../../../src/drops/ports.ts'
import { SqliteDatabase } from '../../long/sqlite-database.ts'
import { SqliteRecords } from '../../support/sqlite-records.ts'

export const DROP_ID = 'coupons'

export class DropWorld {
  nowMs = 1_800_000_000_000
  engine: DropEngine
  alarmAtMs: number | null = null
  readonly told: DropNews[] = []
  lineIsAway = false
  readonly stored = new SqliteRecords()
  /** Stands before the records; a test may put something else there. */
  records: ClaimRecords = this.stored.records
  readonly database = new SqliteDatabase()
  readonly #issuer: DropHost['issuer']
  #random = 1

  constructor(issuer: DropHost['issuer'] = () => ({ ok: true, value: (tools) => new ObjectIssuer(tools) })) {
    this.#issuer = issuer
    this.engine = this.#start()
  }

  /** The object is gone and comes back on its rows. Its alarm stays set. */
  restart(): void {
    this.engine = this.#start()
  }

  async put(over: Partial<PutDrop> = {}): Promise<DropResult<unknown>> {
    const { codes = null } = over
    return this.engine.put({
      dropId: DROP_ID,
      name: 'Coupons',
      strategy: null,
      eventId: null,
      stock: codes?.length ?? 3,
      opensAtMs: null,
      closesAtMs: null,
      ...over,
      codes,
    })
  }

  async claim(userId: string): Promise<ClaimOutcome> {
    return valueOf(await this.engine.claim(userId))
  }

  /** The code of a claim that was made; the kind of the outcome otherwise. */
  async code(userId: string): Promise<string> {
    const outcome = await this.claim(userId)
    if (outcome.kind !== 'claimed') return outcome.kind
    return outcome.claim.state === 'issued' ? outcome.claim.code : 'pending'
  }

  async detail(): Promise<DropDetail> {
    return valueOf(await this.engine.detail())
  }

  async counts(): Promise<DropDetail['counts']> {
    return (await this.detail()).counts
  }

  async reconcile(repair = false): Promise<Reconciliation> {
    return valueOf(await this.engine.reconcile(repair))
  }

  /** Lets the alarm ring at its time, as often as it is set within so long. Answers how often. */
  async sleep(ms: number): Promise<number> {
    const untilMs = this.nowMs + ms
    let rang = 0
    while (this.alarmAtMs !== null && this.alarmAtMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.alarmAtMs)
      this.alarmAtMs = null
      await this.engine.alarm()
      rang += 1
    }
    this.nowMs = untilMs
    return rang
  }

  #start(): DropEngine {
    return new DropEngine({
      dropId: DROP_ID,
      database: this.database,
      records: forwarded(() => this.records),
      issuer: this.#issuer,
      nowMs: () => this.nowMs,
      setAlarm: async (atMs) => {
        this.alarmAtMs = atMs
      },
      background: (work) => void work,
      within: (_limitMs, work) => work,
      randomBytes: (count) => Uint8Array.from({ length: count }, () => this.#randomByte()),
      tellLine: async (_eventId, news) => {
        if (this.lineIsAway) throw new Error('the line is away')
        this.told.push(news)
      },
    })
  }

  /** xorshift32: repeatable, and no code comes twice. */
  #randomByte(): number {
    this.#random ^= this.#random << 13
    this.#random ^= this.#random >>> 17
    this.#random ^= this.#random << 5
    return this.#random & 255
  }
}

export function valueOf<T>(result: DropResult<T>): T {
  if (!result.ok) throw new Error(result.error.reason)
  return result.value
}

/** Whatever stands there when it is asked. */
function forwarded(records: () => ClaimRecords): ClaimRecords {
  return {
    raise: (...args) => records().raise(...args),
    insert: (...args) => records().insert(...args),
    claimOf: (...args) => records().claimOf(...args),
    page: (...args) => records().page(...args),
    count: (...args) => records().count(...args),
    ping: () => records().ping(),
  }
}
