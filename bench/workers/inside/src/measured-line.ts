/** The line of production, which the bench can fill, empty, wake and end. It overrides no behaviour of the line. */
import { EventLine } from '../../../../src/worker.ts'

/** What a restart has to read of everybody who waits, and nothing else. */
const READ_WAITING = `SELECT join_number, number, user_id, joined_at_ms, absent_since_ms FROM places
                      WHERE state = 'WAITING'`

/** Decisions in one turn of the event loop; each turn is one commit. */
const TURN = 1_000

export class MeasuredLine extends EventLine {
  override async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url)
    if (!url.pathname.startsWith('/bench/')) return super.fetch(request)
    const number = (name: string): number => Number(url.searchParams.get(name) ?? '0')
    const [from, to] = [number('from'), number('to')]
    switch (url.pathname) {
      case '/bench/join':
        return this.#eachNumbered(from, to, (userId) => this.join(userId))
      case '/bench/join-named':
        return this.#each((await request.json<string[]>()).values(), (userId) => this.join(userId))
      case '/bench/poll':
        return this.#eachNumbered(from, to, (userId) => this.place(userId))
      case '/bench/leave':
        return this.#eachNumbered(from, to, (userId) => this.leave(userId))
      case '/bench/ticks':
        return this.#ticks(number('count'))
      case '/bench/read':
        return Response.json({ rows: this.#readWaiting() })
      case '/bench/end':
        this.ctx.abort('the bench ends the object')
        return new Response()
      default:
        return new Response(null, { status: 404 })
    }
  }

  #eachNumbered(from: number, to: number, act: (userId: string) => Promise<unknown>): Promise<Response> {
    return this.#each(numberedUsers(from, to), act)
  }

  async #each(userIds: Iterable<string>, act: (userId: string) => Promise<unknown>): Promise<Response> {
    let count = 0
    for (const userId of userIds) {
      await act(userId)
      count += 1
      if (count % TURN === 0) await scheduler.wait(0)
    }
    return Response.json({ count })
  }

  /** Each in its own turn, with its own commit, as alarms come. */
  async #ticks(count: number): Promise<Response> {
    for (let tick = 0; tick < count; tick += 1) {
      await this.alarm()
      await scheduler.wait(0)
    }
    return Response.json({ count })
  }

  #readWaiting(): number {
    let rows = 0
    for (const row of this.ctx.storage.sql.exec(READ_WAITING).raw()) if (row.length > 0) rows += 1
    return rows
  }
}

/** Ids as long as those of guests. */
function* numberedUsers(from: number, to: number): Generator<string> {
  for (let index = from; index < to; index += 1) yield `g_${String(index).padStart(22, '0')}`
}
