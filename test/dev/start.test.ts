/** `npm start` as its users meet it: a process with an output, an exit code and a port. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { freePort, LOOPBACK } from '../../dev/ports.ts'
import { identify } from '../../dev/processes.ts'
import { PROJECT_ROOT } from '../../dev/settings.ts'
import { Api } from '../support/usher.ts'

let stateDir: string
let port: number
const commands: Command[] = []
beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'usher-start-'))
  port = await freePort()
})
afterEach(async () => {
  for (const command of commands.splice(0)) await command.end('SIGTERM')
  rmSync(stateDir, { recursive: true })
})

class Command {
  output = ''
  readonly #child: ChildProcess
  readonly #ready = Promise.withResolvers<void>()
  readonly #exited: Promise<unknown[]>

  constructor(environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, ['dev/start.ts'], {
      cwd: PROJECT_ROOT,
      env: { PATH: process.env['PATH'], USHER_STATE_DIR: stateDir, PORT: String(port), ...environment },
    })
    this.#exited = once(this.#child, 'exit')
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString()
        if (/^ready /m.test(this.output)) this.#ready.resolve()
      })
    }
    commands.push(this)
  }

  async ready(): Promise<Api> {
    const early = this.#exited.then(() =>
      Promise.reject(new Error(`it ended before it was ready:\n${this.output}`)),
    )
    await Promise.race([this.#ready.promise, early])
    return new Api(`http://${LOOPBACK}:${port}`)
  }

  async exitCode(): Promise<unknown> {
    await this.#exited
    return this.#child.exitCode
  }

  async end(signal: NodeJS.Signals): Promise<unknown> {
    this.#child.kill(signal)
    return await this.exitCode()
  }

  /** The processes that it has started. */
  children(): number[] {
    const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=']).toString().trim().split('\n')
    const pairs = table.map((line) => line.trim().split(/\s+/).map(Number))
    return pairs.flatMap(([pid = 0, parent]) => (parent === this.#child.pid ? [pid] : []))
  }
}

it('says ready once, when it is: healthy and with the open event demo', async () => {
  const command = new Command()
  const api = await command.ready()
  expect(await api.request('GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
  expect(await api.status('demo')).toMatchObject({ status: 200, body: { status: 'open' } })
  expect(command.output.match(/^ready .*$/gm)).toEqual([`ready http://127.0.0.1:${port}`])
})

it.each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends it within 3 s, with open streams too, and leaves no process behind',
  async (signal) => {
    const command = new Command()
    const api = await command.ready()
    const visitor = await api.visitor()
    await api.join('demo', visitor)
    await api.stream('demo', visitor)
    const children = command.children()
    expect(children.length).toBeGreaterThan(0)
    const startMs = performance.now()
    expect(await command.end(signal)).toBe(0)
    expect(performance.now() - startMs).toBeLessThan(3_000)
    expect(children.map(identify)).toEqual(children.map(() => null))
  },
)

it('a signal in the middle of the start ends it just as cleanly', async () => {
  const command = new Command()
  await expect.poll(() => command.children().length, { interval: 10, timeout: 10_000 }).toBeGreaterThan(0)
  const children = command.children()
  expect(await command.end('SIGTERM')).toBe(0)
  expect(children.map(identify)).toEqual(children.map(() => null))
})

it('goes on where it was, also after it was killed outright', async () => {
  const killed = new Command()
  const before = await killed.ready()
  const visitor = await before.visitor()
  const joined = await before.join('demo', visitor)
  const orphans = killed.children()
  await killed.end('SIGKILL')

  const after = await new Command().ready()
  expect(orphans.map(identify)).toEqual(orphans.map(() => null))
  expect(await after.place('demo', visitor)).toMatchObject({
    status: 200,
    body: { joinNumber: joined.body.joinNumber },
  })
})

it('a taken port is one line that names it and its holder, and exit code 1', async () => {
  const holder = createServer().listen(port, LOOPBACK)
  await once(holder, 'listening')
  const command = new Command()
  expect(await command.exitCode()).toBe(1)
  expect(command.output).toMatch(
    new RegExp(`^usher: port ${port} is in use by (process ${process.pid}|another process);.*\n$`),
  )
  holder.close()
})

it('a state directory in use is one line, and exit code 1', async () => {
  await new Command().ready()
  const second = new Command({ PORT: '0' })
  expect(await second.exitCode()).toBe(1)
  expect(second.output).toMatch(/^usher: the state directory .* is in use by process \d+;.*\n$/)
})

it.each(['http', '-1', '65536', '80.5'])('PORT=%s is refused', async (wrong) => {
  const command = new Command({ PORT: wrong })
  expect(await command.exitCode()).toBe(1)
  expect(command.output).toContain(`PORT is "${wrong}"`)
})
