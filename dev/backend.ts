/**
 * What the Worker needs around it, whichever way it is run: its variables, Redis behind Upstash's REST API, a payment
 * provider, and PostgreSQL where it is wanted.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Cleanup } from './cleanup.ts'
import { startFakeProvider, type FakeProvider } from './payments/fake-provider.ts'
import { startLocalPostgres, type LocalPostgres } from './postgres/local.ts'
import { chooseEngine, startEngine, type Engine } from './redis/engine.ts'
import { startFront, type Front } from './redis/front.ts'
import { workerVariables, type Settings } from './settings.ts'

export type Backend = {
  /** Null when the Worker talks to Upstash itself. */
  readonly engine: Engine | null
  readonly front: Front | null
  readonly redisDescription: string
  /** Null when the Worker talks to another provider. */
  readonly payments: FakeProvider | null
  /** Null when the settings name none. */
  readonly postgres: LocalPostgres | null
  /** The Worker's variables, Redis included. */
  readonly variables: Record<string, string>
  /** Idempotent. */
  stop(): Promise<void>
}

/** @param stateDir claimed by the caller. */
export async function startBackend(settings: Settings, stateDir: string): Promise<Backend> {
  const cleanup = new Cleanup()
  try {
    return await start(settings, stateDir, cleanup)
  } catch (error) {
    await cleanup.run()
    throw error
  }
}

async function start(settings: Settings, stateDir: string, cleanup: Cleanup): Promise<Backend> {
  const stop = (): Promise<void> => cleanup.run()
  const payments = await startPayments(settings, stateDir, cleanup)
  const variables = { ...workerVariables(settings, stateDir), ...payments?.variables }
  const postgres = await startLocalPostgres(settings, stateDir)
  cleanup.add(() => postgres?.stop())
  const common = { payments: payments?.provider ?? null, postgres, stop }
  const choice = chooseEngine(settings, stateDir)
  if (choice.kind === 'upstash') {
    return { ...common, engine: null, front: null, redisDescription: `Upstash at ${choice.url}`, variables }
  }
  const engine = await startEngine(choice)
  cleanup.add(() => engine.stop())
  const front = await startFront({ engine, token: randomBytes(24).toString('base64url') })
  cleanup.add(() => front.stop())
  return {
    ...common,
    engine,
    front,
    redisDescription: engine.description,
    variables: { ...variables, UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: front.token },
  }
}

/** The fake provider, unless the settings name one. Its payments outlive a restart; its keys need not. */
async function startPayments(
  settings: Settings,
  stateDir: string,
  cleanup: Cleanup,
): Promise<{ provider: FakeProvider; variables: Record<string, string> } | null> {
  if ((settings['PAYMENT_PROVIDER'] ?? '') !== '') return null
  const apiKey = randomBytes(24).toString('base64url')
  const webhookSecret = randomBytes(24).toString('base64url')
  const file = join(stateDir, 'payments.json')
  const provider = await startFakeProvider({ apiKey, webhookSecret, file })
  cleanup.add(() => provider.stop())
  const variables = {
    PAYMENT_PROVIDER: 'fake',
    PAYMENT_API_URL: provider.url,
    PAYMENT_API_KEY: apiKey,
    PAYMENT_WEBHOOK_SECRETS: webhookSecret,
  }
  return { provider, variables }
}
