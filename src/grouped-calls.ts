/**
 * Many questions, few calls: whatever is asked while as many calls as may be are under way waits, and goes with the next one
 * together. In a rush a call carries many questions; when there is none nobody waits.
 */
import { Overloaded } from './ports/overloaded.ts'

export type GroupedCallsTools<Question, Answer> = {
  /** One answer for each question, in their order. Settles within its own bound of time. */
  readonly ask: (questions: readonly Question[]) => Promise<readonly Answer[]>
  /** Calls under way at once. */
  readonly width: number
  /** Questions of one call. */
  readonly groupMax: number
  /** Questions that wait for a call. */
  readonly waitingMax: number
  /** How long one may have waited when its call is made. Behind a store that does not answer the last would wait for minutes. */
  readonly waitMs: number
  readonly nowMs: () => number
}

type Asked<Question, Answer> = {
  readonly question: Question
  readonly sinceMs: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

export class GroupedCalls<Question, Answer> {
  readonly #tools: GroupedCallsTools<Question, Answer>
  #waiting: Asked<Question, Answer>[] = []
  #underWay = 0

  constructor(tools: GroupedCallsTools<Question, Answer>) {
    this.#tools = tools
  }

  /**
   * Rejects with Overloaded when too many wait, or it has waited too long: then it was not asked. Rejects with what the call
   * of its group rejects with.
   */
  ask(question: Question): Promise<Answer> {
    if (this.#waiting.length >= this.#tools.waitingMax)
      return Promise.reject(new Overloaded('too many questions wait for one call'))
    const sinceMs = this.#tools.nowMs()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, sinceMs, resolve, reject })
      if (this.#underWay < this.#tools.width) void this.#askAll()
    })
  }

  /** One call after the other, until nobody waits. */
  async #askAll(): Promise<void> {
    const { groupMax } = this.#tools
    this.#underWay += 1
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, groupMax)
      this.#waiting = this.#waiting.slice(groupMax)
      const inTime = this.#inTime(group)
      if (inTime.length > 0) await this.#askGroup(inTime)
    }
    this.#underWay -= 1
  }

  #inTime(group: readonly Asked<Question, Answer>[]): Asked<Question, Answer>[] {
    const latestMs = this.#tools.nowMs() - this.#tools.waitMs
    return group.filter(({ sinceMs, reject }) => {
      if (sinceMs >= latestMs) return true
      reject(new Overloaded('a call came too late for a question'))
      return false
    })
  }

  async #askGroup(group: readonly Asked<Question, Answer>[]): Promise<void> {
    try {
      const answers = await this.#tools.ask(group.map(({ question }) => question))
      if (answers.length !== group.length) throw new Error('a call answered another number of questions')
      for (const [index, { resolve }] of group.entries()) resolve(answers[index] as Answer)
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }
}
