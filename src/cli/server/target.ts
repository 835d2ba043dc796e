/** Which server a command talks to, and with which keys. */
import { LOCAL_KEYS } from '../../config.ts'
import { isLoopback } from '../../loopback.ts'
import type { Call } from '../command.ts'
import { wrongUsage } from '../exit.ts'
import { readText } from '../io.ts'
import { Server } from './server.ts'
import { localSettings } from './settings.ts'

const DEFAULT_URL = 'http://127.0.0.1:8787'

type KeyVariable = keyof typeof LOCAL_KEYS

export function isThisMachine(url: URL): boolean {
  return isLoopback(url.hostname)
}

/** `--url`, else USHER_URL, else this machine. @throws CliFailure */
export function targetUrl({ args, io }: Call): URL {
  const text = args.text('url') ?? (io.env['USHER_URL'] || DEFAULT_URL)
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw wrongUsage('--url: an address such as https://wait.example.com')
  }
  if (url.username !== '' || url.password !== '')
    throw wrongUsage('--url: without a user name and a password')
  // A key that travels in clear is everybody's.
  if (url.protocol === 'http:' && !isThisMachine(url))
    throw wrongUsage('--url: https, unless it is this machine')
  return url
}

/**
 * The key from the file that the option names, else from the environment. On this machine also from `.dev.vars`, else
 * the key of local runs; a deployment never gets either. Null when there is none.
 * @throws CliFailure when the file cannot be read or is empty.
 */
export async function keyFor(
  { args, io }: Call,
  url: URL,
  variable: KeyVariable,
  fileOption: 'key-file' | 'origin-key-file',
): Promise<string | null> {
  const file = args.text(fileOption)
  if (file !== null) {
    const key = (await readText(io, file)).trim()
    if (key === '') throw wrongUsage(`--${fileOption}: ${file} is empty`)
    return sendable(key, `--${fileOption}`)
  }
  const settings = isThisMachine(url) ? localSettings(io) : io.env
  const key = settings[variable]?.trim() || (isThisMachine(url) ? LOCAL_KEYS[variable] : null)
  return key === null ? null : sendable(key, variable)
}

/** @throws CliFailure when there is no key for this server, or the command line names none that can be. */
export async function operatorServer(call: Call): Promise<Server> {
  const url = targetUrl(call)
  const key = await keyFor(call, url, 'ADMIN_API_KEY', 'key-file')
  if (key === null) throw wrongUsage(`no key for ${url.origin}: set ADMIN_API_KEY, or give --key-file FILE`)
  return serverAt(call, url, key)
}

/** `key`: the bearer of every call, or null for none. */
export function serverAt({ args, io }: Call, url: URL, key: string | null): Server {
  return new Server({ url, key, timeoutMs: (args.integer('timeout') ?? 10) * 1_000, signal: io.signal })
}

/** A header takes visible ASCII; the fault of fetch for anything else would show the key. */
function sendable(key: string, source: string): string {
  if (!/^[\x21-\x7E]+$/.test(key))
    throw wrongUsage(`${source}: a key is one line of visible ASCII characters`)
  return key
}
