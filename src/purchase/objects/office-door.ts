/**
 * Who is inside: an office asks the line of its event before it decides. Those who come while it is being asked are asked
 * for together, so in a rush a purchase is a part of a call and not two calls of its own.
 */
import { entranceOf, type EntranceFailure } from '../../core/entrance.ts'
import { err, type Result } from '../../core/result.ts'
import { GroupedCalls } from '../../grouped-calls.ts'
import { errorFields, log } from '../../observability/log.ts'
import { Overloaded } from '../../ports/overloaded.ts'
import type { Entry, LineSeatsApi } from '../../ports/lines.ts'

/** What the line decides in a few milliseconds. */
const TOGETHER_MAX = 100
/** Who comes when so many wait would wait for seconds; and who has waited for so many comes again. */
const WAITING_MAX = 2_000
const WAIT_MS = 3_000
const AGAIN_SECONDS = 1

type Asked = Awaited<ReturnType<LineSeatsApi['enterAll']>>[number]

export type OfficeDoorTools = {
  readonly eventId: string
  /** Settles within its own bound of time. */
  readonly enterAll: LineSeatsApi['enterAll']
}

export class OfficeDoor {
  readonly #tools: OfficeDoorTools
  readonly #calls: GroupedCalls<Entry, Asked>

  constructor(tools: OfficeDoorTools) {
    this.#tools = tools
    this.#calls = new GroupedCalls({
      ask: tools.enterAll,
      width: 1,
      groupMax: TOGETHER_MAX,
      waitingMax: WAITING_MAX,
      waitMs: WAIT_MS,
      nowMs: () => performance.now(),
    })
  }

  /**
   * The id of the admission, or why it lets nobody in. Never rejects: a line that does not answer lets nobody in. Those who
   * were asked for together are told in one turn.
   */
  async enter(entry: Entry): Promise<Result<string, EntranceFailure>> {
    try {
      return entranceOf(await this.#calls.ask(entry))
    } catch (error) {
      if (error instanceof Overloaded) return err({ reason: 'overloaded', retryAfterSeconds: AGAIN_SECONDS })
      log.warn('line_not_asked', { eventId: this.#tools.eventId, ...errorFields(error) })
      return err({ reason: 'store-unavailable' })
    }
  }
}
