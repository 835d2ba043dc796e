/** A real Redis engine behind the real REST front, and the real SDK in front of both, for tests. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from '@upstash/redis/cloudflare'
import { startEngine, type Engine } from '../../dev/redis/engine.ts'
import { startFront, type Front } from '../../dev/redis/front.ts'
import { findServer } from '../../dev/redis/native.ts'

export type TestEngineKind = 'embedded' | 'native'

export type TestRedis = {
  readonly engine: Engine
  readonly front: Front
  readonly client: Redis
  stop(): Promise<void>
}

const TOKEN = 'test-token'

/** The engines that this machine can run: always the embedded one, and a native server if one is installed. */
export function engines(): TestEngineKind[] {
  if (findServer(process.env['PATH'] ?? '') !== null) return ['embedded', 'native']
  console.warn('no redis-server or valkey-server on the PATH: only the embedded engine is tested')
  return ['embedded']
}

/** Starts the engine with a data directory of its own, empty. */
export async function startRedis(kind: TestEngineKind): Promise<TestRedis> {
  const stateDir = mkdtempSync(join(tmpdir(), 'usher-redis-'))
  const engine = await startTestEngine(kind, stateDir)
  const front = await startFront({ engine, token: TOKEN })
  return {
    engine,
    front,
    client: createClient(front),
    stop: async () => {
      await front.stop()
      await engine.stop()
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}

/** The SDK as the Worker configures it: no retries of its own, no guessing at types, bounded waiting. */
export function createClient(front: Pick<Front, 'url' | 'token'>, timeoutMs = 2_000): Redis {
  return new Redis({
    url: front.url,
    token: front.token,
    automaticDeserialization: false,
    enableTelemetry: false,
    retry: { retries: 0 },
    signal: () => AbortSignal.timeout(timeoutMs),
  })
}

async function startTestEngine(kind: TestEngineKind, stateDir: string): Promise<Engine> {
  if (kind === 'embedded') return await startEngine({ kind })
  const command = findServer(process.env['PATH'] ?? '')
  if (command === null) throw new Error('no native server is installed')
  return await startEngine({ kind, command, stateDir })
}
