/**
 * Connections to PostgreSQL, through Hyperdrive or directly. A drop's object holds one pool for as long as it is used; a
 * request or a queue's batch, whose connections end with it, has one for itself.
 */
import postgres from 'postgres'
import { TimedOut, withTimeout } from '../../bounded.ts'
import { CallLane } from '../../call-lane.ts'
import {
  CLAIM_WAIT_MS,
  CLAIMS_WAITING_MAX,
  CONNECT_TIMEOUT_SECONDS,
  POOL_IDLE_SECONDS,
} from '../core/limits.ts'

/** As PostgreSQL numbers them: data that it cannot keep, and data that a constraint forbids. */
const CLASSES_OF_BAD_DATA: readonly string[] = ['22', '23']

/** What a statement may be given. A batch goes as one JSON text: driver and Hyperdrive do not agree about arrays. */
export type Parameter = string | number | null

export class PostgresPool {
  readonly #connectionString: string
  readonly #connectionsMax: number
  readonly #lane: CallLane
  #client: postgres.Sql | null = null

  constructor(connectionString: string, connectionsMax: number) {
    this.#connectionString = connectionString
    this.#connectionsMax = connectionsMax
    this.#lane = new CallLane({
      width: connectionsMax,
      waiting: CLAIMS_WAITING_MAX,
      waitMs: CLAIM_WAIT_MS,
    })
  }

  /**
   * The rows of one statement. Rejects with a PostgresError when the server refuses it, with Overloaded when no connection
   * becomes free and nothing was asked, and with anything else when nobody knows whether it was carried out, or will be.
   */
  rows<Row>(statement: string, parameters: readonly Parameter[], limitMs: number): Promise<Row[]> {
    return this.#lane.run(() => this.#ask<Row>(statement, parameters, limitMs))
  }

  async #ask<Row>(statement: string, parameters: readonly Parameter[], limitMs: number): Promise<Row[]> {
    const client = (this.#client ??= this.#connect())
    const answer = client.unsafe(statement, [...parameters], { prepare: true })
    try {
      return [...(await withTimeout(answer, limitMs))] as unknown as Row[]
    } catch (error) {
      // A connection that does not answer would be given the next statement, which would not be answered either.
      if (error instanceof TimedOut) this.#abandon(client)
      throw error
    }
  }

  /** Idempotent; the next statement connects again. */
  async close(): Promise<void> {
    const client = this.#client
    this.#client = null
    await client?.end({ timeout: 0 })
  }

  #connect(): postgres.Sql {
    return postgres(this.#connectionString, {
      max: this.#connectionsMax,
      connect_timeout: CONNECT_TIMEOUT_SECONDS,
      // Open connections keep an object in memory.
      idle_timeout: POOL_IDLE_SECONDS,
      // A question about the server's types, asked by each connection, that only arrays need.
      fetch_types: false,
      // A server that has come back is used again within a second.
      backoff: (attempt) => Math.min(1, 0.05 * 2 ** attempt),
      onnotice: () => {},
    })
  }

  #abandon(client: postgres.Sql): void {
    if (this.#client !== client) return
    this.#client = null
    client.end({ timeout: 0 }).catch(() => {}) // Whatever it says, nobody uses it any more.
  }
}

/** Whether the server has refused a statement for what it was given, and would refuse it again. */
export function isBadData(error: unknown): boolean {
  return error instanceof postgres.PostgresError && CLASSES_OF_BAD_DATA.includes(error.code.slice(0, 2))
}
