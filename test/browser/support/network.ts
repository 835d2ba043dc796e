/** The way between a browser and Usher, which can be cut: Chromium's own offline mode leaves open streams alone. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export type Network = {
  readonly origin: string
  /** Ends every connection and takes no new one. */
  cut(): void
  restore(): void
  close(): void
}

export async function openNetwork(url: string): Promise<Network> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  let isCut = false
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    // Either end may break off at any moment; the other one then goes as well.
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }
  const server = createServer((browser) => {
    if (isCut) return void browser.destroy()
    const usher = keep(connect(Number(port), hostname))
    keep(browser).pipe(usher).pipe(browser)
    browser.on('close', () => usher.destroy())
    usher.on('close', () => browser.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    restore: () => {
      isCut = false
    },
    close: () => {
      cut()
      server.close()
    },
  }
}
