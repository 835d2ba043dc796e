/** The object behind the floor: an empty call, a call with one row, streams that are written to, one script call. */
import { DurableObject } from 'cloudflare:workers'

export type FloorVariables = {
  readonly UPSTASH_REDIS_REST_URL: string
  readonly UPSTASH_REDIS_REST_TOKEN: string
}

/** As Usher slices its pass: without it the floor would be slower, for the sockets would all be written at the end. */
const SLICE = 100

/** Grants a batch against a capacity, all or nothing: the least that a script can do for a thousand leases. */
const GRANT_SCRIPT = `
if redis.call('ZCARD', KEYS[1]) + #ARGV - 1 > 100000000 then return 0 end
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], ARGV[1], ARGV[i]) end
return #ARGV - 1`

type Controller = ReadableStreamDefaultController<Uint8Array>

export class FloorObject extends DurableObject<FloorVariables> {
  readonly #controllers = new Set<Controller>()
  #isReady = false

  async call(): Promise<{ ok: true }> {
    return { ok: true }
  }

  async insert(id: string): Promise<{ ok: true }> {
    if (!this.#isReady) {
      this.ctx.storage.sql.exec(
        'CREATE TABLE IF NOT EXISTS joined (number INTEGER PRIMARY KEY, user_id TEXT NOT NULL, at_ms INTEGER NOT NULL)',
      )
      this.#isReady = true
    }
    this.ctx.storage.sql.exec('INSERT INTO joined (user_id, at_ms) VALUES (?, ?)', id, Date.now())
    return { ok: true }
  }

  /** One script call, as its text: the front keeps no cache that would make a digest cheaper here than there. */
  async callScript(ids: readonly string[]): Promise<void> {
    const response = await fetch(this.env.UPSTASH_REDIS_REST_URL, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.env.UPSTASH_REDIS_REST_TOKEN}` },
      body: JSON.stringify(['EVAL', GRANT_SCRIPT, '1', `floor:${this.ctx.id.toString()}`, '1', ...ids]),
    })
    if (!response.ok) throw new Error(`the script call answered ${response.status}`)
    await response.text()
  }

  override async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url)
    const bytes = Number(url.searchParams.get('bytes') ?? '0')
    switch (url.pathname) {
      case '/stream':
        return new Response(this.#open(bytes), { headers: { 'content-type': 'text/event-stream' } })
      case '/write':
        await this.#writeAll(bytes)
        return new Response(null, { status: 204 })
      case '/batch': {
        const count = Number(url.searchParams.get('count'))
        await this.callScript(Array.from({ length: count }, () => crypto.randomUUID()))
        await this.#writeAll(bytes)
        return new Response(null, { status: 204 })
      }
      default:
        return new Response(null, { status: 404 })
    }
  }

  #open(bytes: number): ReadableStream<Uint8Array> {
    let mine: Controller | null = null
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          mine = controller
          this.#controllers.add(controller)
          controller.enqueue(frameOf(bytes))
        },
        cancel: () => {
          if (mine !== null) this.#controllers.delete(mine)
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: 8_192 }),
    )
  }

  async #writeAll(bytes: number): Promise<void> {
    const frame = frameOf(bytes)
    let inSlice = 0
    for (const controller of this.#controllers) {
      controller.enqueue(frame)
      inSlice += 1
      if (inSlice < SLICE) continue
      inSlice = 0
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
  }
}

/** One event of so many bytes in all. */
function frameOf(bytes: number): Uint8Array {
  const text = 'event: position\ndata: '
  return new TextEncoder().encode(`${text.padEnd(Math.max(bytes, text.length + 2) - 2, '0')}\n\n`)
}
