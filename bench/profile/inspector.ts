/** The Chrome DevTools Protocol of one Worker in workerd: as much of it as a profile needs. */
import { LOOPBACK } from '../../dev/ports.ts'

type Reply = {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
}
type Waiter = { resolve(result: unknown): void; reject(error: Error): void }

export class Inspector {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, Waiter>()
  #lastId = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data)) as Reply))
    socket.addEventListener('close', () => {
      for (const waiter of this.#waiting.values()) waiter.reject(new Error('the inspector has gone'))
    })
  }

  /** Of the user's own Worker, not of those that miniflare puts around it. @throws Error when there is none. */
  static async open(port: number): Promise<Inspector> {
    const response = await fetch(`http://${LOOPBACK}:${port}/json`)
    const targets = (await response.json()) as { id: string; webSocketDebuggerUrl: string }[]
    const target = targets.find(({ id }) => id.includes('core:user'))
    if (target === undefined) throw new Error(`no Worker among ${targets.map(({ id }) => id).join(', ')}`)
    const socket = new WebSocket(target.webSocketDebuggerUrl)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true })
      socket.addEventListener('error', () => reject(new Error('the inspector refused the connection')), {
        once: true,
      })
    })
    return new Inspector(socket)
  }

  send(method: string, params: object = {}): Promise<unknown> {
    this.#lastId += 1
    const id = this.#lastId
    this.#socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  close(): void {
    this.#socket.close()
  }

  #take({ id, result, error }: Reply): void {
    const waiter = id === undefined ? undefined : this.#waiting.get(id)
    if (id === undefined || waiter === undefined) return
    this.#waiting.delete(id)
    if (error === undefined) waiter.resolve(result)
    else waiter.reject(new Error(error.message))
  }
}
