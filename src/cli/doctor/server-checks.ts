/** What a running Usher says of itself when it is asked. */
import { CliFailure, EXIT } from '../exit.ts'
import { madeAtMs } from '../keys/signing-keys.ts'
import { readEvents } from '../server/events.ts'
import type { Server } from '../server/server.ts'
import { refusal } from '../server/server.ts'
import { isThisMachine } from '../server/target.ts'
import { expectedAs, healthSchema, jwksSchema } from '../server/wire.ts'
import type { Event } from '../server/wire.ts'
import { harmless } from '../text/width.ts'
import { failing, good, warning } from './check.ts'
import type { Check } from './check.ts'
import { clockCheck } from './clock-check.ts'

const DAY_MS = 86_400_000
/** As with certificates: what is never exchanged is not known to be exchangeable. */
const KEY_AGE_DAYS_WARN = 365
/** A rotation takes hours; one that takes a month was forgotten. */
const ROTATION_DAYS_WARN = 30

/** An admission that cannot exist: asking for it only shows whether the key may ask. */
const NO_ADMISSION = `doctor.${'0'.repeat(22)}`

/** `isReachable` false: the other checks of the server would all say the same. */
export async function healthChecks(
  server: Server,
): Promise<{ checks: readonly Check[]; isReachable: boolean }> {
  const askedAtMs = Date.now()
  const answer = await answerOf(() => server.ask('GET', '/healthz'))
  if (answer instanceof CliFailure) {
    const check = failing('server', answer.message, 'start it, or give its address with --url')
    return { checks: [check], isReachable: false }
  }
  const clock = serverClock(server.url, answer.headers.get('date'), askedAtMs, Date.now())
  const health = healthSchema.safeParse(answer.body)
  if (!health.success) return { checks: [notServing(refusal(server.url, answer))], isReachable: false }
  const failed = Object.entries(health.data.checks).filter(([, state]) => state !== 'ok')
  const state =
    failed.length === 0
      ? good('server', `${server.url.origin} is well, Redis included`)
      : failing(
          'server',
          `${server.url.origin} does not reach: ${harmless(failed.map(([name]) => name).join(', '))}`,
          'see docs/operations.md, "Redis is away"; places are kept meanwhile',
        )
  return { checks: [state, clock], isReachable: true }
}

/** By its Date header, which the local runtime leaves out: there it is the clock of this machine. */
function serverClock(url: URL, date: string | null, askedAtMs: number, answeredAtMs: number): Check {
  const theirsMs = Date.parse(date ?? '')
  if (!Number.isNaN(theirsMs)) {
    return clockCheck('clock', 'the server', { theirsMs, resolutionMs: 1_000, askedAtMs, answeredAtMs })
  }
  if (isThisMachine(url)) return good('clock', 'the server runs by the clock of this machine')
  return warning(
    'clock',
    'the server does not tell its time',
    'look for a proxy that takes the Date header away',
  )
}

function notServing(failure: CliFailure): Check {
  if (failure.code !== 'misconfigured')
    return failing('server', failure.message, 'give the address of an Usher with --url')
  return failing(
    'server',
    'a variable is missing or wrong there, so it serves nothing',
    'npx wrangler tail shows configuration_refused with its name; set it with npx wrangler secret put',
  )
}

/** The operator's key, and with it the events. */
export async function operatorChecks(
  server: Server,
): Promise<{ checks: readonly Check[]; events: readonly Event[] }> {
  const events = await answerOf(() => readEvents(server))
  if (events instanceof CliFailure) {
    const action = 'set ADMIN_API_KEY to the key of this server, or give --key-file'
    return { checks: [failing('admin-key', events.message, action)], events: [] }
  }
  const accepted = good('admin-key', 'the server accepts it')
  return { checks: [accepted, holdingCheck(events)], events }
}

function holdingCheck(events: readonly Event[]): Check {
  const held = events.filter(({ holding }) => holding).map(({ eventId }) => eventId)
  if (held.length === 0) return good('events', `${events.length}, none is held up`)
  return failing(
    'events',
    `nobody is admitted although the event is open: ${held.join(', ')}`,
    'see docs/operations.md, "An event seems stuck"',
  )
}

/** @param server comes with the shop's key. */
export async function originCheck(server: Server): Promise<Check> {
  const action = "set ORIGIN_API_KEY to the shop's key of this server, or give --origin-key-file"
  const answer = await answerOf(() => server.ask('GET', `/api/v1/admissions/${NO_ADMISSION}`))
  if (answer instanceof CliFailure) return failing('origin-key', answer.message, action)
  if (answer.status === 404) return good('origin-key', 'the server accepts it')
  return failing('origin-key', refusal(server.url, answer).message, action)
}

/** @param isShared whether tokens are known to be signed with a shared secret, which is not published. */
export async function entryKeyChecks(
  server: Server,
  isShared: boolean,
  nowMs: number,
): Promise<readonly Check[]> {
  const set = await answerOf(async () =>
    expectedAs(jwksSchema, await server.call('GET', '/.well-known/jwks.json')),
  )
  if (set instanceof CliFailure) {
    return [failing('entry-keys', set.message, 'shops cannot verify tokens without /.well-known/jwks.json')]
  }
  const kids = set.keys.map(({ kid }) => kid)
  if (kids.length > 0) return [keyAgeCheck(kids, nowMs)]
  if (isShared) return [good('entry-keys', 'none is published: tokens are signed with a shared secret')]
  return [
    warning(
      'entry-keys',
      'no key is published',
      'right with ENTRY_TOKEN_ALG=HS512; else set ENTRY_TOKEN_PRIVATE_JWKS',
    ),
  ]
}

/** Pure. */
export function keyAgeCheck(kids: readonly string[], nowMs: number): Check {
  const ages = kids.map((kid) => {
    const atMs = madeAtMs(kid)
    return {
      kid: harmless(kid),
      days: atMs === null ? null : Math.max(0, Math.floor((nowMs - atMs) / DAY_MS)),
    }
  })
  const detail = ages
    .map(
      ({ kid, days }) => `${kid} (${days === null ? 'age unknown' : days === 1 ? '1 day' : `${days} days`})`,
    )
    .join(', ')
  const youngest = Math.min(...ages.map(({ days }) => days ?? Infinity))
  if (ages.length > 1 && youngest !== Infinity && youngest > ROTATION_DAYS_WARN) {
    return warning('entry-keys', `a rotation was not finished: ${detail}`, 'usher keys rotate entry')
  }
  if (youngest !== Infinity && youngest > KEY_AGE_DAYS_WARN) {
    return warning('entry-keys', `older than a year: ${detail}`, 'usher keys rotate entry')
  }
  return good('entry-keys', detail)
}

/** A failure of a call is a finding here. An interruption is none, nor is a bug. */
async function answerOf<T>(ask: () => Promise<T>): Promise<T | CliFailure> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof CliFailure && error.exitCode !== EXIT.interrupted) return error
    throw error
  }
}
