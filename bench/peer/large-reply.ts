/**
 * One command whose reply is a long flat array of texts without line breaks, parsed once when all of it is there: the
 * parser of the local runtime looks at a reply again with each packet, which for megabytes would be charged to the peer.
 */
import { connect } from 'node:net'
import type { Engine } from '../../dev/redis/engine.ts'

const LINE_BREAK = 0x0a

/** @throws Error when the connection ends first, or for an engine with a password. */
export function largeArray(engine: Engine, command: readonly string[]): Promise<string[]> {
  if (engine.password !== undefined) throw new Error('the peer knows no password')
  const socket = connect({ host: engine.host, port: engine.port })
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')
  const chunks: Buffer[] = []
  let lines = 0
  let expected = Infinity
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the connection was closed')))
    socket.on('data', (chunk) => {
      if (chunks.length === 0) expected = 1 + 2 * Number.parseInt(chunk.subarray(1, 12).toString(), 10)
      chunks.push(chunk)
      for (let at = chunk.indexOf(LINE_BREAK); at !== -1; at = chunk.indexOf(LINE_BREAK, at + 1)) lines += 1
      if (lines < expected) return
      resolve(textsOf(Buffer.concat(chunks).toString()))
      socket.destroy()
    })
    socket.write(`*${command.length}\r\n${parts}`)
  })
}

/** Every other line is a length. */
function textsOf(reply: string): string[] {
  const lines = reply.split('\r\n')
  const texts: string[] = []
  for (let line = 2; line < lines.length; line += 2) texts.push(lines[line] ?? '')
  return texts
}
