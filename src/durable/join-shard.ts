/**
 * Takes the joins of some of an event's visitors off its line: one call to the line for all who came within a window.
 * It has no storage and decides nothing; see JoinCollector.
 */
import { DurableObject } from 'cloudflare:workers'
import type { Joined, JoinShardApi, LineResult } from '../ports/lines.ts'
import { objectCaller } from '../object-caller.ts'
import { JoinCollector } from './join-collector.ts'
import { eventAndShard, lineOf } from './objects.ts'

export class JoinShard extends DurableObject<Env> implements JoinShardApi {
  readonly #collector: JoinCollector

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { eventId, shard } = eventAndShard(ctx.id.name ?? '')
    // The collector repeats what failed, so that a line that is overloaded is not asked twice at once.
    const ask = objectCaller(() => lineOf(env, eventId))
    this.#collector = new JoinCollector({
      shard,
      nowMs: () => Date.now(),
      wait: (ms) => scheduler.wait(ms),
      report: (report) => ask('never', (line) => line.joinBlock(report)),
      background: (work) => ctx.waitUntil(work),
    })
  }

  async join(userId: string): Promise<LineResult<Joined>> {
    return this.#collector.join(userId)
  }
}
