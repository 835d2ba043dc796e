/** `usher doctor`: what is wrong, and what to do about it. */
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Call, Command } from '../command.ts'
import { SERVER_OPTIONS } from '../command.ts'
import { warning } from '../doctor/check.ts'
import type { Check } from '../doctor/check.ts'
import { redisChecks } from '../doctor/redis-check.ts'
import { entryKeyChecks, healthChecks, operatorChecks, originCheck } from '../doctor/server-checks.ts'
import {
  corsCheck,
  fileModeCheck,
  queueItCheck,
  shopUrlCheck,
  variablesCheck,
} from '../doctor/settings-checks.ts'
import type { Stage } from '../doctor/settings-checks.ts'
import { wranglerReport } from '../doctor/wrangler-checks.ts'
import { EXIT } from '../exit.ts'
import { readFileOrNull } from '../io.ts'
import type { Style } from '../io.ts'
import { LOCAL_VARIABLES_FILE, localSettings } from '../server/settings.ts'
import type { Settings } from '../server/settings.ts'
import { isThisMachine, keyFor, serverAt, targetUrl } from '../server/target.ts'
import { padded } from '../text/columns.ts'

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Check configuration, server, keys, Redis, clocks and bindings, and say what to do.',
  detail: [
    'Reads wrangler.toml and .dev.vars of the folder it is run in, and the environment. Against a',
    'server on this machine these are its settings; of a deployment the secrets cannot be read back,',
    'so only what is set here is checked, and the rest by how the server answers. Changes nothing.',
    'Ends with 1 when a check fails; a warning does not.',
  ],
  takes: [],
  options: [
    ...SERVER_OPTIONS,
    {
      kind: 'text',
      name: 'origin-key-file',
      value: 'FILE',
      summary: "file with the shop's key (else ORIGIN_API_KEY; on this machine also .dev.vars)",
    },
  ],
  examples: ['usher doctor', 'usher doctor --url https://wait.example.com --key-file operator.key --json'],
  async run(call) {
    const checks = await allChecks(call)
    const isWell = checks.every(({ state }) => state !== 'fail')
    if (call.isJson) call.io.out(JSON.stringify({ ok: isWell, checks }))
    else print(call, checks)
    return isWell ? EXIT.ok : EXIT.failed
  },
}

async function allChecks(call: Call): Promise<readonly Check[]> {
  const url = targetUrl(call)
  const stage: Stage = isThisMachine(url) ? 'local' : 'deployment'
  const wrangler = wranglerReport(readFileOrNull(resolve(call.io.cwd, 'wrangler.toml')))
  const settings: Settings = stage === 'local' ? localSettings(call.io) : { ...wrangler.vars, ...call.io.env }
  const here = [
    variablesCheck(settings, stage),
    ...fileModeCheck(LOCAL_VARIABLES_FILE, modeOrNull(resolve(call.io.cwd, LOCAL_VARIABLES_FILE))),
    ...wrangler.checks,
    shopUrlCheck(settings, stage),
    corsCheck(settings, stage),
  ]
  const [there, redis] = await Promise.all([serverChecks(call, url, settings), redisOf(call, settings)])
  return [...here, ...there, ...redis]
}

async function serverChecks(call: Call, url: URL, settings: Settings): Promise<readonly Check[]> {
  // Read first: a key file that is not there is a wrong command line, whatever the server does.
  const adminKey = await keyFor(call, url, 'ADMIN_API_KEY', 'key-file')
  const originKey = await keyFor(call, url, 'ORIGIN_API_KEY', 'origin-key-file')
  const anybody = serverAt(call, url, null)
  const health = await healthChecks(anybody)
  if (!health.isReachable) return health.checks
  const operator =
    adminKey === null
      ? { checks: [notChecked('admin-key', 'ADMIN_API_KEY', '--key-file')], events: [] }
      : await operatorChecks(serverAt(call, url, adminKey))
  const origin =
    originKey === null
      ? notChecked('origin-key', 'ORIGIN_API_KEY', '--origin-key-file')
      : await originCheck(serverAt(call, url, originKey))
  const isShared = settings['ENTRY_TOKEN_ALG'] === 'HS512'
  const entryKeys = await entryKeyChecks(anybody, isShared, Date.now())
  const eventIds = operator.events.map(({ eventId }) => eventId)
  return [...health.checks, ...operator.checks, origin, ...entryKeys, ...queueItCheck(settings, eventIds)]
}

function notChecked(name: string, variable: string, option: string): Check {
  return warning(name, 'not checked: it is not set here', `set ${variable}, or give ${option} FILE`)
}

/** Directly, where its address is known here; that the server reaches it, its health says. */
async function redisOf({ args, io }: Call, settings: Settings): Promise<readonly Check[]> {
  const url = settings['UPSTASH_REDIS_REST_URL'] ?? ''
  const token = settings['UPSTASH_REDIS_REST_TOKEN'] ?? ''
  if (url === '' || token === '' || !isPrivate(url)) return []
  return redisChecks({ url, token }, (args.integer('timeout') ?? 10) * 1_000, io.signal)
}

/** What is no address, or would carry the token in clear, the check of the variables has told. */
function isPrivate(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null
  return url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && isThisMachine(url)))
}

const MARKS: Readonly<Record<Check['state'], { readonly word: string; readonly style: Style }>> = {
  ok: { word: 'ok', style: 'green' },
  warn: { word: 'warn', style: 'yellow' },
  fail: { word: 'FAIL', style: 'red' },
}

function print({ io }: Call, checks: readonly Check[]): void {
  const width = Math.max(...checks.map(({ name }) => name.length))
  for (const { name, state, detail, action } of checks) {
    const { word, style } = MARKS[state]
    io.out(`${io.paint(style, padded(word, 4))}  ${padded(name, width)}  ${detail}`)
    if (action !== null) io.out(`${' '.repeat(6)}${' '.repeat(width)}  -> ${action}`)
  }
  const count = (state: Check['state']): number => checks.filter((check) => check.state === state).length
  io.out('')
  io.out(`${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} to mend`)
}

function modeOrNull(path: string): number | null {
  if (process.platform === 'win32' || !existsSync(path)) return null
  return statSync(path).mode & 0o777
}
