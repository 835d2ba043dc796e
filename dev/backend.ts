/** What the Worker needs around it, whichever way it is run: its variables, and Redis behind Upstash's REST API. */
import { randomBytes } from 'node:crypto'
import { chooseEngine, startEngine, type Engine } from './redis/engine.ts'
import { startFront, type Front } from './redis/front.ts'
import { workerVariables, type Settings } from './settings.ts'

export type Backend = {
  /** Null when the Worker talks to Upstash itself. */
  readonly engine: Engine | null
  readonly front: Front | null
  readonly redisDescription: string
  /** The Worker's variables, Redis included. */
  readonly variables: Record<string, string>
  /** Idempotent. */
  stop(): Promise<void>
}

/** @param stateDir claimed by the caller. */
export async function startBackend(settings: Settings, stateDir: string): Promise<Backend> {
  const variables = workerVariables(settings, stateDir)
  const choice = chooseEngine(settings, stateDir)
  if (choice.kind === 'upstash') {
    const redisDescription = `Upstash at ${choice.url}`
    return { engine: null, front: null, redisDescription, variables, stop: async () => {} }
  }
  const engine = await startEngine(choice)
  const front = await startFront({ engine, token: randomBytes(24).toString('base64url') })
  return {
    engine,
    front,
    redisDescription: engine.description,
    variables: { ...variables, UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: front.token },
    stop: async () => {
      await front.stop()
      await engine.stop()
    },
  }
}
