/**
 * The sockets of the embedded engine: the seven `host` imports of valkey.wasm over node:net.
 *
 * The engine is a reactor that knows no sockets. It asks for readiness (`poll`) and moves bytes through its own
 * memory; everything here is synchronous and copies, because that memory moves when it grows.
 */
import { createServer, type Server, type Socket } from 'node:net'

/** First descriptor that the engine takes for one of the host's. Fixed in the wasm build. */
const HOST_FD_BASE = 4096
/** Readiness bits of the engine's event loop (`ae.h`). */
const READABLE = 1
const WRITABLE = 2
/** One entry of the tables that `poll` reads and writes: descriptor and mask, 32 bit each. */
const POLL_ENTRY_BYTES = 8

type Connection = { socket: Socket; chunks: Buffer[]; offset: number; ended: boolean; full: boolean }
type Listener = { server: Server; pending: number[] }

export type WasmSocketsOptions = {
  readonly host: string
  readonly port: number
  /** The engine's memory at this moment. */
  memory(): Buffer
  /** Something happened on a socket: the reactor should run. */
  onActivity(): void
}

export class WasmSockets {
  readonly #options: WasmSocketsOptions
  readonly #connections = new Map<number, Connection>()
  readonly #listeners = new Map<number, Listener>()
  readonly #listening = Promise.withResolvers<number>()
  #nextFd = HOST_FD_BASE

  constructor(options: WasmSocketsOptions) {
    this.#options = options
  }

  /** The port, once the engine listens on it; rejects when it cannot be bound. */
  get listening(): Promise<number> {
    return this.#listening.promise
  }

  /** What the wasm module imports as `host`. */
  imports(): WebAssembly.ModuleImports {
    return {
      socket: () => this.#nextFd++,
      listen: (fd: number) => this.#listen(fd),
      accept: (fd: number) => this.#listeners.get(fd)?.pending.shift() ?? -1,
      read: (fd: number, pointer: number, length: number) => this.#read(fd, pointer, length),
      write: (fd: number, pointer: number, length: number) => this.#write(fd, pointer, length),
      close: (fd: number) => this.#close(fd),
      poll: (interest: number, count: number, fired: number, max: number) =>
        this.#poll(interest, count, fired, max),
    }
  }

  #listen(fd: number): number {
    const listener: Listener = {
      server: createServer((socket) => this.#accept(listener, socket)),
      pending: [],
    }
    listener.server.on('error', (error) => this.#listening.reject(error))
    listener.server.listen(this.#options.port, this.#options.host, () => {
      const address = listener.server.address()
      this.#listening.resolve(
        typeof address === 'object' && address !== null ? address.port : this.#options.port,
      )
    })
    this.#listeners.set(fd, listener)
    return 0
  }

  #accept(listener: Listener, socket: Socket): void {
    const fd = this.#nextFd++
    const connection: Connection = { socket, chunks: [], offset: 0, ended: false, full: false }
    const ended = (): void => {
      connection.ended = true
      this.#options.onActivity()
    }
    // Replies of a pipeline leave in several writes: with Nagle's algorithm each waits for the client's delayed ACK.
    socket.setNoDelay(true)
    socket.on('data', (chunk) => {
      connection.chunks.push(chunk)
      this.#options.onActivity()
    })
    socket.on('end', ended)
    socket.on('close', ended)
    socket.on('error', ended)
    socket.on('drain', () => {
      connection.full = false
      this.#options.onActivity()
    })
    this.#connections.set(fd, connection)
    listener.pending.push(fd)
    this.#options.onActivity()
  }

  #read(fd: number, pointer: number, length: number): number {
    const connection = this.#connections.get(fd)
    if (connection === undefined) return -1
    const memory = this.#options.memory()
    let copied = 0
    for (
      let head = connection.chunks[0];
      head !== undefined && copied < length;
      head = connection.chunks[0]
    ) {
      const size = Math.min(head.length - connection.offset, length - copied)
      head.copy(memory, pointer + copied, connection.offset, connection.offset + size)
      copied += size
      connection.offset += size
      if (connection.offset === head.length) {
        connection.chunks.shift()
        connection.offset = 0
      }
    }
    return copied > 0 || connection.ended ? copied : -1
  }

  #write(fd: number, pointer: number, length: number): number {
    const connection = this.#connections.get(fd)
    if (connection === undefined || connection.ended) return -1
    const bytes = Buffer.from(this.#options.memory().subarray(pointer, pointer + length))
    connection.full = !connection.socket.write(bytes)
    return length
  }

  #close(fd: number): void {
    this.#connections.get(fd)?.socket.destroy()
    this.#connections.delete(fd)
    this.#listeners.get(fd)?.server.close()
    this.#listeners.delete(fd)
  }

  #poll(interest: number, count: number, fired: number, max: number): number {
    const memory = this.#options.memory()
    let found = 0
    for (let index = 0; index < count && found < max; index++) {
      const fd = memory.readInt32LE(interest + index * POLL_ENTRY_BYTES)
      const mask = memory.readInt32LE(interest + index * POLL_ENTRY_BYTES + 4)
      const ready = this.#readiness(fd) & mask
      if (ready === 0) continue
      memory.writeInt32LE(fd, fired + found * POLL_ENTRY_BYTES)
      memory.writeInt32LE(ready, fired + found * POLL_ENTRY_BYTES + 4)
      found++
    }
    return found
  }

  #readiness(fd: number): number {
    const listener = this.#listeners.get(fd)
    if (listener !== undefined) return listener.pending.length > 0 ? READABLE : 0
    const connection = this.#connections.get(fd)
    if (connection === undefined) return 0
    const readable = connection.chunks.length > 0 || connection.ended ? READABLE : 0
    return connection.full ? readable : readable | WRITABLE
  }
}
