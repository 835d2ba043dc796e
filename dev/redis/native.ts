/**
 * A redis-server or valkey-server of this machine, started privately: loopback only, its data under the state
 * directory, no configuration file. It is killed when this process exits; if this process is killed outright, the next
 * start on the same state directory ends the orphan first, since two servers on one directory would spoil the data.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, LOOPBACK as HOST } from '../ports.ts'
import { endOrphan, forgetProcess, recordProcess } from '../processes.ts'
import type { Engine } from './engine.ts'
import { ReplyStatus } from './resp-parser.ts'
import { RespClient } from './resp.ts'
import { Supervised, type Running } from '../supervised.ts'

const SERVER_NAMES = ['redis-server', 'valkey-server']
const START_TIMEOUT_MS = 5_000
const STOP_TIMEOUT_MS = 2_000
const PROBE_INTERVAL_MS = 10

/** Path of the first server command on the PATH, or null. */
export function findServer(path: string): string | null {
  for (const directory of path.split(delimiter).filter((entry) => entry !== '')) {
    for (const name of SERVER_NAMES) {
      const command = join(directory, name)
      if (isExecutable(command)) return command
    }
  }
  return null
}

/** Starts the server on a free port; resolves when it has loaded its data and answers. */
export async function startNative(options: {
  readonly command: string
  readonly stateDir: string
}): Promise<Engine> {
  const directory = resolve(options.stateDir, 'redis')
  mkdirSync(directory, { recursive: true })
  const pidFile = join(directory, 'server.json')
  await endOrphan(pidFile)
  const port = await freePort()
  const server = new Supervised('Redis', () =>
    startServer({ command: options.command, directory, pidFile, port }),
  )
  await server.start()
  return {
    kind: 'native',
    description: `${options.command} (data in ${directory})`,
    host: HOST,
    port,
    get pid() {
      return server.current?.pid ?? 0
    },
    kill: () => server.end('at once'),
    restart: () => server.restart(),
    stop: () => server.end('politely'),
  }
}

type ServerOptions = { command: string; directory: string; pidFile: string; port: number }

async function startServer(options: ServerOptions): Promise<Running & { pid: number }> {
  const logFile = join(options.directory, 'server.log')
  rmSync(logFile, { force: true })
  const child = spawn(options.command, serverArguments(options, logFile), { stdio: 'ignore' })
  const ended = new Promise<void>((resolveEnded) => child.once('exit', () => resolveEnded()))
  const killWithUs = (): void => void child.kill('SIGKILL')
  process.once('exit', killWithUs)
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  recordProcess(options.pidFile, pid)
  const end = async (how: 'politely' | 'at once'): Promise<void> => {
    // Politely it writes what it has; whatever does not end in time is killed.
    child.kill(how === 'politely' ? 'SIGTERM' : 'SIGKILL')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await ended
    clearTimeout(timer)
    process.off('exit', killWithUs)
    forgetProcess(options.pidFile)
  }
  if (await answers(child, options.port)) return { pid, ended, end }
  await end('at once')
  throw new Error(`${options.command} did not start: ${lastLines(logFile)}`)
}

function serverArguments(options: ServerOptions, logFile: string): string[] {
  const settings = {
    port: String(options.port),
    bind: HOST,
    dir: options.directory,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    daemonize: 'no',
    loglevel: 'warning',
    logfile: logFile,
  }
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
}

/** PING also waits for the data: a server that still loads it answers LOADING. */
async function answers(child: ChildProcess, port: number): Promise<boolean> {
  const client = new RespClient({ host: HOST, port, timeoutMs: START_TIMEOUT_MS })
  const deadlineMs = performance.now() + START_TIMEOUT_MS
  try {
    while (performance.now() < deadlineMs && child.exitCode === null && child.signalCode === null) {
      const [reply] = await client.send([['PING']]).catch(() => [null])
      if (reply instanceof ReplyStatus) return true
      await sleep(PROBE_INTERVAL_MS)
    }
    return false
  } finally {
    client.close()
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    // Absent or not ours to run: look further.
    return false
  }
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').slice(-3).join(' | ')
  } catch {
    // It died before it wrote anything.
    return 'it wrote no log'
  }
}
