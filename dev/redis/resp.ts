/**
 * A minimal RESP2 client: one connection, pipelined, opened on demand and again after it was lost.
 *
 * A lost connection or a timeout rejects every call that waits, because whether their commands ran is unknown; nothing
 * is ever sent twice. Error replies are values.
 */
import { connect, type Socket } from 'node:net'
import { ReplyError, ReplyParser, type Reply } from './resp-parser.ts'

export type Command = readonly (string | Buffer)[]

export type RespOptions = {
  readonly host: string
  readonly port: number
  readonly username?: string
  readonly password?: string
  readonly database?: number
  /** From sending to the last reply of a call. Default 10,000. */
  readonly timeoutMs?: number
}

/** The connection was refused, lost or too slow. Whether the commands ran is unknown. */
export class RespConnectionError extends Error {
  override readonly name = 'RespConnectionError'
}

type Call = {
  replies: Reply[]
  expected: number
  resolve(replies: Reply[]): void
  reject(error: Error): void
}
type Connection = { socket: Socket; calls: Call[] }

export class RespClient {
  readonly #options: RespOptions
  readonly #timeoutMs: number
  #connection: Promise<Connection> | null = null
  /** Of the connection above: the end of an earlier one is no news. */
  #socket: Socket | null = null

  constructor(options: RespOptions) {
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? 10_000
  }

  /**
   * Sends the commands in one write, so that nobody else's come between them, and resolves with a reply for each.
   * @throws RespConnectionError
   */
  async send(commands: readonly Command[]): Promise<Reply[]> {
    if (commands.length === 0) return []
    this.#connection ??= this.#open()
    return await this.#call(await this.#connection, commands)
  }

  /** Ends the connection; calls that wait are rejected. The client may be used again. */
  close(): void {
    const connection = this.#connection
    this.#connection = null
    connection?.then(
      ({ socket }) => socket.destroy(),
      () => {}, // It never opened; its callers know.
    )
  }

  async #open(): Promise<Connection> {
    const connection: Connection = { socket: connect(this.#options.port, this.#options.host), calls: [] }
    const { socket, calls } = connection
    const parser = new ReplyParser()
    let reason = 'the connection was closed'
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setTimeout(this.#timeoutMs, () => {
      if (calls.length > 0 || socket.connecting) socket.destroy(new Error('no answer in time'))
    })
    socket.on('data', (chunk) => {
      try {
        for (const reply of parser.push(chunk)) settle(calls, reply)
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)))
      }
    })
    socket.on('error', (error) => {
      reason = error.message
    })
    const opened = Promise.withResolvers<void>()
    socket.once('connect', () => opened.resolve())
    socket.on('close', () => {
      if (this.#socket === socket) this.#connection = null
      const error = new RespConnectionError(`Redis: ${reason}`)
      opened.reject(error)
      for (const call of calls.splice(0)) call.reject(error)
    })
    await opened.promise
    await this.#introduce(connection)
    return connection
  }

  async #introduce(connection: Connection): Promise<void> {
    const { username, password, database } = this.#options
    const commands: Command[] = []
    if (password !== undefined)
      commands.push(['AUTH', ...(username === undefined ? [] : [username]), password])
    if (database !== undefined && database !== 0) commands.push(['SELECT', String(database)])
    if (commands.length === 0) return
    const replies = await this.#call(connection, commands)
    const refusal = replies.find((reply) => reply instanceof ReplyError)
    if (refusal === undefined) return
    connection.socket.destroy()
    throw new RespConnectionError(`Redis: ${refusal.message}`)
  }

  #call(connection: Connection, commands: readonly Command[]): Promise<Reply[]> {
    return new Promise((resolve, reject) => {
      if (connection.socket.destroyed) {
        reject(new RespConnectionError('Redis: the connection was closed'))
        return
      }
      connection.calls.push({ replies: [], expected: commands.length, resolve, reject })
      connection.socket.write(Buffer.concat(commands.map(encodeCommand)))
    })
  }
}

function settle(calls: Call[], reply: Reply): void {
  const call = calls[0]
  if (call === undefined) throw new Error('the server answered what nobody asked')
  call.replies.push(reply)
  if (call.replies.length < call.expected) return
  calls.shift()
  call.resolve(call.replies)
}

function encodeCommand(command: Command): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${command.length}\r\n`)]
  for (const argument of command) {
    const bytes = typeof argument === 'string' ? Buffer.from(argument) : argument
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
  }
  return Buffer.concat(parts)
}
