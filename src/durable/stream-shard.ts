/**
 * Holds the open streams of some of an event's visitors, so that its line does not have to. It has no storage and
 * decides nothing; see ShardStreams.
 */
import { DurableObject } from 'cloudflare:workers'
import { err } from '../core/result.ts'
import { errorFields, log } from '../observability/log.ts'
import { objectCaller } from '../object-caller.ts'
import { Overloaded } from '../ports/overloaded.ts'
import { tooManyStreams } from './listeners.ts'
import { eventAndShard, lineOf } from './objects.ts'
import { ShardStreams } from './shard-streams.ts'
import { streamResponse } from './stream-response.ts'

export class StreamShard extends DurableObject<Env> {
  readonly #streams: ShardStreams

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { eventId } = eventAndShard(ctx.id.name ?? '')
    const ask = objectCaller(() => lineOf(env, eventId))
    this.#streams = new ShardStreams({
      line: {
        openRemote: (requests) => ask('repeat', (line) => line.openRemote(requests)),
        // Asked again anyway, and then with what has happened since.
        follow: (request) => ask('never', (line) => line.follow(request)),
      },
      follower: crypto.randomUUID(),
      nowMs: () => Date.now(),
      wait: (ms) => scheduler.wait(ms),
      background: (work) =>
        ctx.waitUntil(
          work.catch((error: unknown) => log.error('background_failed', { error: String(error) })),
        ),
    })
  }

  /** As LineApi.fetch. A line that cannot be asked is an overloaded one: the visitor comes back, spread out. */
  override async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url)
    const userId = searchParams.get('userId') ?? ''
    const opened = await this.#streams
      .open(userId, searchParams.has('join'), searchParams.has('resumed'))
      .catch((error: unknown) => {
        if (!(error instanceof Overloaded)) log.warn('stream_not_opened', errorFields(error))
        return err(tooManyStreams())
      })
    return streamResponse(opened)
  }
}
