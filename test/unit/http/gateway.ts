/** The gateway on ports kept in memory: what it asks of them is recorded, what they answer is given by the test. */
import { createApp } from '../../../src/app.ts'
import { parseConfig } from '../../../src/config.ts'
import type { Config, ConfigEnv } from '../../../src/config.ts'
import { createEndpoints } from '../../../src/http/endpoints.ts'
import type { Endpoint } from '../../../src/http/endpoint.ts'
import type { GatewayDeps } from '../../../src/http/gateway-deps.ts'
import type { AuditApi } from '../../../src/ports/audit.ts'
import type { BeginReply, IdempotencyApi, StoredAnswer } from '../../../src/ports/idempotency.ts'
import type { LineApi } from '../../../src/ports/lines.ts'
import type { RegistryApi } from '../../../src/ports/registry.ts'
import type { DeadLettersApi } from '../../../src/outbound/dead-letters-api.ts'
import type { DirectoryApi, DropClient, DropPorts } from '../../../src/drops/ports.ts'
import type { PurchasePorts, SeatOfficeApi, WalletApi } from '../../../src/purchase/ports.ts'
import type { GuestSession } from '../../../src/ports/tokens.ts'
import { createEntryTokens } from '../../../src/tokens/entry-token.ts'
import { createOperatorSessions } from '../../../src/tokens/operator-session.ts'
import { createProvider } from '../../../src/purchase/payments/providers.ts'
import { createVisitorTokens } from '../../../src/tokens/visitor-token.ts'
import { signingJwks } from '../tokens/keys.ts'

export const ADMIN_KEY = 'admin-key-of-the-tests'
export const ORIGIN_KEY = 'origin-key-of-the-tests'
export const ORIGIN = 'http://localhost'
/** One of the origins that the operator has named. */
export const SHOP_ORIGIN = 'https://shop.example'

export const TEST_ENV: ConfigEnv = {
  USHER_STAGE: 'local',
  ADMIN_API_KEY: ADMIN_KEY,
  ORIGIN_API_KEY: ORIGIN_KEY,
  SESSION_SECRET: 'a session secret of the tests, long enough',
  ENTRY_TOKEN_PRIVATE_JWKS: JSON.stringify({ keys: await signingJwks('first') }),
  UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1',
  UPSTASH_REDIS_REST_TOKEN: 'rest-token',
  CORS_ORIGINS: SHOP_ORIGIN,
}

/** A call that reached a port: `line demo join` with its arguments. */
export type PortCall = { readonly what: string; readonly args: readonly unknown[] }

export type Gateway = {
  readonly endpoints: readonly Endpoint[]
  readonly config: Config
  readonly deps: GatewayDeps
  readonly calls: PortCall[]
  /** Those to the audit log, which every act of an operator makes beside the others. */
  readonly audited: PortCall[]
  readonly logged: string[]
  fetch(path: string, init?: RequestInit): Promise<Response>
  newVisitor(): Promise<GuestSession>
}

export type GatewayOptions = {
  readonly env?: ConfigEnv
  readonly line?: Partial<LineApi>
  readonly registry?: Partial<RegistryApi>
  readonly audit?: Partial<AuditApi>
  readonly office?: Partial<SeatOfficeApi>
  readonly wallet?: Partial<WalletApi>
  readonly deadLetters?: Partial<DeadLettersApi>
  readonly drop?: Partial<DropClient>
  readonly isRefused?: DropPorts['isRefused']
  readonly directory?: Partial<DirectoryApi>
  readonly deps?: Partial<GatewayDeps>
}

export function createGateway({
  env = {},
  line = {},
  registry = {},
  audit = {},
  office = {},
  wallet = {},
  deadLetters = {},
  drop = {},
  isRefused = () => false,
  directory = {},
  deps = {},
}: GatewayOptions = {}): Gateway {
  const parsed = parseConfig({ ...TEST_ENV, ...env })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  const config = parsed.value
  const calls: PortCall[] = []
  const audited: PortCall[] = []
  const logged: string[] = []
  const keep = (event: string, fields: object = {}): void =>
    void logged.push(JSON.stringify({ event, ...fields }))
  const officeOf = (eventId: string): SeatOfficeApi =>
    recorded<SeatOfficeApi>(`office ${eventId}`, office, calls)
  const purchase: PurchasePorts = {
    office: officeOf,
    wallet: () => recorded<WalletApi>('wallet', wallet, calls),
    figures: (eventIds) => Promise.all(eventIds.map((eventId) => officeOf(eventId).figures())),
    totals: () => recorded<WalletApi>('wallets', wallet, calls).totals(),
    left: (eventId, admissionId) => officeOf(eventId).left(admissionId),
    holdMs: config.purchaseHoldSeconds * 1_000,
    provider: config.payments === null ? null : createProvider(config.payments),
  }
  const all: GatewayDeps = {
    config,
    purchase,
    deadLetters: recorded<DeadLettersApi>('dead-letters', deadLetters, calls),
    drops: {
      drop: (dropId) => recorded<DropClient>(`drop ${dropId}`, drop, calls),
      isRefused,
      directory: recorded<DirectoryApi>('directory', { add: async () => {}, ...directory }, calls),
    },
    line: (eventId) => recorded<LineApi>(`line ${eventId}`, line, calls),
    registry: recorded<RegistryApi>('registry', { ping: async () => 'pong', ...registry }, calls),
    idempotency: new IdempotencyInMemory(),
    audit: recorded<AuditApi>('audit', { write: async () => '1', settle: async () => {}, ...audit }, audited),
    entryTokens: createEntryTokens(config),
    visitorTokens: createVisitorTokens(config),
    operatorSessions: createOperatorSessions(config),
    limiters: {
      join: { limit: async () => ({ success: true }) },
      session: { limit: async () => ({ success: true }) },
    },
    sharedDocuments: { get: async () => null, put: () => {} },
    staticFiles: { fetch: async () => new Response(null, { status: 404 }) },
    pingStore: async () => {},
    outlive: () => {},
    log: { info: keep, warn: keep, error: keep },
    nowMs: () => Date.now(),
    ...deps,
  }
  const endpoints = createEndpoints()
  const app = createApp(all, endpoints)
  return {
    endpoints,
    config,
    deps: all,
    calls,
    audited,
    logged,
    fetch: async (path, init) => app.request(new Request(new URL(path, ORIGIN), init)),
    async newVisitor() {
      const guest = await all.visitorTokens.createGuest(Date.now())
      if (guest === null) throw new Error('guests are refused')
      return guest
    },
  }
}

export function bearer(credential: string): Record<string, string> {
  return { Authorization: `Bearer ${credential}` }
}

export function cookie(token: string): Record<string, string> {
  return { Cookie: `theme=dark; usher_visitor=${token}` }
}

export function jsonBody(value: unknown): { body: string; headers: Record<string, string> } {
  return { body: JSON.stringify(value), headers: { 'Content-Type': 'application/json' } }
}

export async function problemOf(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json()
  if (typeof body !== 'object' || body === null) throw new Error('not a problem')
  return { ...body }
}

/** Records each call; one that the test gives no answer for is a failure of the object. */
function recorded<Api extends object>(name: string, answers: Partial<Api>, calls: PortCall[]): Api {
  return new Proxy({} as Api, {
    get: (_target, method) => {
      const answer: unknown = Reflect.get(answers, method)
      return async (...args: unknown[]) => {
        calls.push({ what: `${name} ${String(method)}`, args })
        if (typeof answer !== 'function') throw new Error(`${name} ${String(method)} has no answer`)
        return answer(...args)
      }
    },
  })
}

/** What IdempotencyShard does, without its clock. */
export class IdempotencyInMemory implements IdempotencyApi {
  readonly entries = new Map<string, { requestHash: string; attempt: string; answer: StoredAnswer | null }>()

  async begin(key: string, requestHash: string): Promise<BeginReply> {
    const known = this.entries.get(key)
    if (known !== undefined && known.requestHash !== requestHash) return { kind: 'mismatch' }
    if (known !== undefined)
      return known.answer === null ? { kind: 'in-progress' } : { kind: 'replay', answer: known.answer }
    const attempt = crypto.randomUUID()
    this.entries.set(key, { requestHash, attempt, answer: null })
    return { kind: 'fresh', attempt }
  }

  async finish(key: string, attempt: string, answer: StoredAnswer): Promise<void> {
    const known = this.entries.get(key)
    if (known?.attempt === attempt) known.answer = answer
  }

  async abandon(key: string, attempt: string): Promise<void> {
    if (this.entries.get(key)?.attempt === attempt) this.entries.delete(key)
  }
}
