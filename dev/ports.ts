/** TCP ports of the loopback interface. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

export const LOOPBACK = '127.0.0.1'

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, LOOPBACK)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port')
  return address.port
}

/** Whether nobody listens on the port. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => resolve(true))
  })
  if (isFree) {
    server.close()
    await once(server, 'close')
  }
  return isFree
}

/** The process that listens on the port, if this machine's tools can tell. */
export function portHolder(port: number): number | null {
  return (
    firstNumber(/pid=(\d+)/, 'ss', ['-tlnpH', `sport = :${port}`]) ??
    firstNumber(/^(\d+)/, 'lsof', ['-ti', `tcp:${port}`, '-sTCP:LISTEN'])
  )
}

function firstNumber(pattern: RegExp, command: string, commandArguments: string[]): number | null {
  try {
    const output = execFileSync(command, commandArguments, { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
    return Number(pattern.exec(output)?.[1]) || null
  } catch {
    // The tool is not installed, or it found nothing.
    return null
  }
}
