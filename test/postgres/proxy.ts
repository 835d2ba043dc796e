/** Between a pool and its server: the answers of the server can be held back, as by a network that swallows them. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { LOOPBACK } from '../../dev/ports.ts'

export type Proxy = {
  /** The server's, through the proxy. */
  readonly url: string
  /** True: what the server says from now on never arrives. */
  swallows: boolean
  stop(): void
}

export async function startProxy(serverUrl: string): Promise<Proxy> {
  const target = new URL(serverUrl)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(target.port || '5432'), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      // Whichever end goes takes the other with it.
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (chunk: Buffer) => upstream.write(chunk))
    upstream.on('data', (chunk: Buffer) => {
      if (!proxy.swallows) client.write(chunk)
    })
  }).listen(0, LOOPBACK)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port')
  const url = new URL(serverUrl)
  url.hostname = LOOPBACK
  url.port = String(address.port)
  const proxy: Proxy = {
    url: url.href,
    swallows: false,
    stop: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
  return proxy
}
