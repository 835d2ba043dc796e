/** The RESP client against servers that misbehave, and the parser against every way a reply can be cut. */
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { ReplyError, ReplyParser, ReplyStatus } from '../../dev/redis/resp-parser.ts'
import { RespClient } from '../../dev/redis/resp.ts'

const WIRE = Buffer.from(
  '+OK\r\n-ERR no\r\n:-42\r\n$6\r\n대기\r\n$-1\r\n$0\r\n\r\n*3\r\n:1\r\n*-1\r\n*1\r\n$2\r\n\r\n\r\n*0\r\n',
)
const REPLIES = [
  new ReplyStatus('OK'),
  new ReplyError('ERR no'),
  -42,
  Buffer.from('대기'),
  null,
  Buffer.from(''),
  [1, null, [Buffer.from('\r\n')]],
  [],
]

it('replies are the same wherever the stream of bytes is cut', () => {
  for (let cut = 0; cut <= WIRE.length; cut++) {
    const parser = new ReplyParser()
    const replies = [...parser.push(WIRE.subarray(0, cut)), ...parser.push(WIRE.subarray(cut))]
    expect(replies).toEqual(REPLIES)
  }
})

it('a reply may be nested far deeper than the stack', () => {
  const depth = 100_000
  const [reply] = new ReplyParser().push(Buffer.from(`${'*1\r\n'.repeat(depth)}:7\r\n`))
  let inner = reply
  let seen = 0
  for (; Array.isArray(inner); [inner] = inner) seen += 1
  expect([seen, inner]).toEqual([depth, 7])
})

describe('client', () => {
  let server: Server
  let client: RespClient
  afterEach(() => {
    client.close()
    server.close()
  })

  async function connectTo(
    serve: (socket: Socket, connection: number) => void,
    timeoutMs = 1_000,
  ): Promise<void> {
    let connections = 0
    server = createServer((socket) => {
      socket.on('error', () => {}) // The client breaks off.
      serve(socket, ++connections)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    client = new RespClient({ host: '127.0.0.1', port, timeoutMs })
  }

  it('a lost connection fails every call that waits, and the next call opens another', async () => {
    await connectTo((socket, connection) => {
      socket.on('data', () => (connection === 1 ? socket.destroy() : socket.write('+PONG\r\n')))
    })
    const lost = await Promise.allSettled([client.send([['PING']]), client.send([['PING']])])
    expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await client.send([['PING']])).toEqual([new ReplyStatus('PONG')])
  })

  it('a server that does not answer is given up', async () => {
    await connectTo(() => {}, 30)
    await expect(client.send([['PING']])).rejects.toThrow('no answer in time')
  })

  it('a server that speaks something else is given up', async () => {
    await connectTo((socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n'))
    await expect(client.send([['PING']])).rejects.toThrow('does not speak RESP2')
  })

  it('a refused password fails the call', async () => {
    await connectTo((socket) => socket.on('data', () => void socket.write('-WRONGPASS no\r\n')))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    client = new RespClient({ host: '127.0.0.1', port, password: 'x' })
    await expect(client.send([['PING']])).rejects.toThrow('WRONGPASS')
  })
})
