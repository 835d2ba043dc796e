/**
 * Claims of one drop on their way to PostgreSQL. Those that come while as many statements as may be are under way go
 * together in the next one; when there is no rush each goes alone and at once.
 */
import { GroupedCalls } from '../../grouped-calls.ts'
import {
  CLAIM_STATEMENTS_MAX,
  CLAIM_TIMEOUT_MS,
  CLAIM_WAIT_MS,
  CLAIMS_OF_A_STATEMENT_MAX,
  CLAIMS_WAITING_MAX,
} from '../core/limits.ts'
import type { IssuerTools } from '../ports.ts'
import { answerOf, repeated, type ClaimAnswer } from './claim-answers.ts'
import { isBadData, type PostgresPool } from './pool.ts'
import { CLAIM, type ClaimRow } from './statements.ts'

type Tools = Pick<IssuerTools, 'dropId' | 'wakeSoon'>
/** Of this visitor alone; the others of the group have their answers. */
type Failure = { readonly failure: unknown }
type Answer = ClaimAnswer | Failure

export class ClaimGroups {
  readonly #pool: Pick<PostgresPool, 'rows'>
  readonly #tools: Tools
  readonly #calls: GroupedCalls<string, Answer>

  constructor(pool: Pick<PostgresPool, 'rows'>, tools: Tools) {
    this.#pool = pool
    this.#tools = tools
    this.#calls = new GroupedCalls({
      ask: (userIds) => this.#answers(userIds),
      width: CLAIM_STATEMENTS_MAX,
      groupMax: CLAIMS_OF_A_STATEMENT_MAX,
      waitingMax: CLAIMS_WAITING_MAX,
      waitMs: CLAIM_WAIT_MS,
      nowMs: () => performance.now(),
    })
  }

  /**
   * Rejects with Overloaded when too many claims wait, or this one has waited too long, and nothing was asked; with a
   * PostgresError when the server cannot take it; and with anything else when nobody knows whether it was made.
   */
  async claim(userId: string): Promise<ClaimAnswer> {
    const answer = await this.#calls.ask(userId)
    if (isFailure(answer)) throw answer.failure
    return answer
  }

  /** The same visitor is asked for once; what comes after the first answer is a repetition. */
  async #answers(userIds: readonly string[]): Promise<Answer[]> {
    const known = await this.#byVisitor([...new Set(userIds)])
    return userIds.map((userId) => {
      const answer = known.get(userId) ?? { failure: new Error('a claim without an answer') }
      if (!isFailure(answer)) known.set(userId, repeated(answer))
      return answer
    })
  }

  /** In halves, and these in halves, when the server cannot take what one of the visitors brings, until that one is alone. */
  async #byVisitor(userIds: readonly string[]): Promise<Map<string, Answer>> {
    if (userIds.length === 0) return new Map()
    try {
      return await this.#asked(userIds)
    } catch (error) {
      if (!isBadData(error)) throw error
      if (userIds.length === 1) return new Map(userIds.map((userId) => [userId, { failure: error }]))
      const middle = Math.ceil(userIds.length / 2)
      const first = await this.#byVisitor(userIds.slice(0, middle))
      return new Map([...first, ...(await this.#byVisitor(userIds.slice(middle)))])
    }
  }

  /** By one statement. */
  async #asked(userIds: readonly string[]): Promise<Map<string, Answer>> {
    const rows = await this.#rows(userIds)
    if (rows.some(({ kind }) => kind === 'taken')) this.#tools.wakeSoon()
    return new Map(rows.map((row, index) => [userIds[index] ?? '', answerOf(row)]))
  }

  async #rows(userIds: readonly string[]): Promise<ClaimRow[]> {
    try {
      const parameters = [this.#tools.dropId, JSON.stringify(userIds)]
      return await this.#pool.rows<ClaimRow>(CLAIM, parameters, CLAIM_TIMEOUT_MS)
    } catch (error) {
      // Nobody knows whether they were made, and one may have been the last.
      if (!isBadData(error)) this.#tools.wakeSoon()
      throw error
    }
  }
}

function isFailure(answer: Answer): answer is Failure {
  return typeof answer === 'object' && 'failure' in answer
}
