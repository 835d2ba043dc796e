/** Whether `wrangler.toml` gives the Worker all that it needs. Pure. */
import * as z from 'zod'
import type { ConfigVariable } from '../../config-reader.ts'
import { messageOf } from '../exit.ts'
import { failing, good, warning } from './check.ts'
import type { Check } from './check.ts'
import { parseToml } from './toml.ts'

/** Binding and class of each Durable Object that src/worker.ts exports. */
export const OBJECTS: Readonly<Record<string, string>> = {
  EVENT_LINE: 'EventLine',
  EVENT_REGISTRY: 'EventRegistry',
  IDEMPOTENCY_SHARD: 'IdempotencyShard',
  JOIN_SHARD: 'JoinShard',
  STREAM_SHARD: 'StreamShard',
  AUDIT_LOG: 'AuditLog',
  SEAT_OFFICE: 'SeatOffice',
  WALLET_SHARD: 'WalletShard',
  DEAD_LETTERS: 'DeadLetters',
  DROP: 'DropObject',
  DROP_DIRECTORY: 'DropDirectory',
  CLAIM_LANE: 'ClaimLane',
}
export const RATE_LIMITERS = ['JOIN_LIMIT', 'SESSION_LIMIT'] as const
/** The database in which the claims of drops are recorded. */
export const RECORDS = 'RECORDS'
/** What carries the shop's webhooks and the claims of drops, and what gets those that nobody takes. */
export const QUEUES = [
  { binding: 'WEBHOOKS', letters: 'usher-webhooks', dead: 'usher-webhooks-dead' },
  { binding: 'CLAIMS', letters: 'usher-claims', dead: 'usher-claims-dead' },
] as const

const SECRETS: readonly (ConfigVariable | 'QUEUE_IT_SECRET_KEY')[] = [
  'ADMIN_API_KEY',
  'ORIGIN_API_KEY',
  'SESSION_SECRET',
  'ENTRY_TOKEN_PRIVATE_JWKS',
  'ENTRY_TOKEN_SECRET',
  'ENTRY_TOKEN_SECRET_PREVIOUS',
  'UPSTASH_REDIS_REST_TOKEN',
  'QUEUE_IT_SECRET_KEY',
  'PAYMENT_API_KEY',
  'PAYMENT_WEBHOOK_SECRETS',
  'SHOP_WEBHOOK_SECRETS',
]

const names = z.array(z.string()).default([])
const WRANGLER = z.looseObject({
  durable_objects: z
    .looseObject({
      bindings: z.array(z.looseObject({ name: z.string(), class_name: z.string() })).default([]),
    })
    .default({ bindings: [] }),
  migrations: z.array(z.looseObject({ new_sqlite_classes: names, new_classes: names })).default([]),
  triggers: z.looseObject({ crons: names }).default({ crons: [] }),
  queues: z
    .looseObject({
      producers: z.array(z.looseObject({ binding: z.string(), queue: z.string() })).default([]),
      consumers: z
        .array(z.looseObject({ queue: z.string(), dead_letter_queue: z.exactOptional(z.string()) }))
        .default([]),
    })
    .default({ producers: [], consumers: [] }),
  d1_databases: z.array(z.looseObject({ binding: z.string() })).default([]),
  ratelimits: z.array(z.looseObject({ name: z.string() })).default([]),
  assets: z.exactOptional(z.looseObject({ binding: z.exactOptional(z.string()) })),
  vars: z.record(z.string(), z.unknown()).default({}),
})
type Wrangler = z.infer<typeof WRANGLER>

export type WranglerReport = {
  readonly checks: readonly Check[]
  /** `[vars]`: what a deployment is told, besides its secrets. */
  readonly vars: Readonly<Record<string, string>>
}

/** @param text of `wrangler.toml`, or null when there is none. */
export function wranglerReport(text: string | null): WranglerReport {
  if (text === null) {
    const check = warning(
      'wrangler',
      'there is no wrangler.toml here',
      'run this where Usher is deployed from',
    )
    return { checks: [check], vars: {} }
  }
  try {
    const wrangler = WRANGLER.parse(parseToml(text))
    const vars = Object.entries(wrangler.vars).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    )
    const checks = [
      bindings(wrangler),
      migrations(wrangler),
      queues(wrangler),
      cron(wrangler),
      publicVars(wrangler),
    ]
    return { checks, vars: Object.fromEntries(vars) }
  } catch (error) {
    const fault =
      error instanceof z.ZodError ? `${error.issues[0]?.path.join('.')} is not as expected` : messageOf(error)
    return {
      checks: [
        failing('wrangler', `wrangler.toml: ${fault}`, 'mend it; npx wrangler deploy --dry-run says more'),
      ],
      vars: {},
    }
  }
}

function bindings({
  durable_objects: objects,
  d1_databases: databases,
  ratelimits,
  assets,
}: Wrangler): Check {
  const bound = new Map(objects.bindings.map((binding) => [binding.name, binding.class_name]))
  const missing = [
    ...Object.entries(OBJECTS).flatMap(([name, className]) =>
      bound.get(name) === className ? [] : [`${name} (class ${className})`],
    ),
    ...RATE_LIMITERS.filter((name) => !ratelimits.some((limiter) => limiter.name === name)),
    ...(databases.some(({ binding }) => binding === RECORDS) ? [] : [RECORDS]),
    ...(assets?.binding === 'ASSETS' ? [] : ['ASSETS']),
  ]
  if (missing.length === 0) return good('bindings', 'all are in wrangler.toml')
  return failing(
    'bindings',
    `not in wrangler.toml: ${missing.join(', ')}`,
    'take them over from the wrangler.toml that comes with Usher',
  )
}

function migrations({ migrations: steps }: Wrangler): Check {
  const classes = Object.values(OBJECTS)
  const sqlite = new Set(steps.flatMap((step) => step.new_sqlite_classes))
  const other = new Set(steps.flatMap((step) => step.new_classes))
  const wrong = classes.filter((name) => other.has(name))
  if (wrong.length > 0) {
    return failing(
      'migrations',
      `${wrong.join(', ')}: in new_classes, which have no SQLite`,
      'name them in new_sqlite_classes',
    )
  }
  const missing = classes.filter((name) => !sqlite.has(name))
  if (missing.length === 0) return good('migrations', 'every object has its SQLite storage')
  return failing(
    'migrations',
    `no migration for ${missing.join(', ')}`,
    'add a [[migrations]] with a new tag and these as new_sqlite_classes; never edit one that is deployed',
  )
}

/** Webhooks are produced into one queue and consumed from it; what fails for good goes to another, consumed too. */
function queues({ queues: declared }: Wrangler): Check {
  const missing = QUEUES.flatMap((queue) => missingOf(queue, declared))
  if (missing.length === 0)
    return good('queues', 'webhooks, claims and dead letters are carried and consumed')
  return failing(
    'queues',
    `not in wrangler.toml: ${missing.join(', ')}`,
    'take the [[queues]] tables over from the wrangler.toml that comes with Usher',
  )
}

function missingOf(
  { binding, letters, dead }: (typeof QUEUES)[number],
  { producers, consumers }: Wrangler['queues'],
): string[] {
  const isProduced = producers.some((producer) => producer.binding === binding && producer.queue === letters)
  const consumer = consumers.find(({ queue }) => queue === letters)
  return [
    ...(isProduced ? [] : [`a producer ${binding} of ${letters}`]),
    ...(consumer === undefined ? [`a consumer of ${letters}`] : []),
    ...(consumer === undefined || consumer.dead_letter_queue === dead
      ? []
      : [`${dead} as dead_letter_queue of ${letters}`]),
    ...(consumers.some(({ queue }) => queue === dead) ? [] : [`a consumer of ${dead}`]),
  ]
}

function cron({ triggers }: Wrangler): Check {
  if (triggers.crons.includes('* * * * *')) return good('cron', 'the watchdog runs each minute')
  return failing('cron', 'the watchdog does not run each minute', 'set crons = ["* * * * *"] in [triggers]')
}

function publicVars({ vars }: Wrangler): Check {
  const secrets = SECRETS.filter((name) => name in vars)
  if (secrets.length > 0) {
    return failing(
      'vars',
      `secrets in the clear in [vars]: ${secrets.join(', ')}`,
      'remove them, make new ones (usher keys rotate), and set those with npx wrangler secret put',
    )
  }
  if (vars['USHER_STAGE'] === 'local') {
    return failing(
      'vars',
      'USHER_STAGE is local: a deployment would run with known keys',
      'set it to production',
    )
  }
  return good('vars', 'no secrets among them')
}
