/** What operators and machines ask about the service itself. */
import { mapBounded, withTimeout } from '../../bounded.ts'
import { ok } from '../../core/result.ts'
import { errorFields } from '../../observability/log.ts'
import type { LineMetrics } from '../../ports/lines.ts'
import { saleFamilies } from '../../purchase/http/metrics.ts'
import { endpoint } from '../endpoint.ts'
import { FAN_OUT_WIDTH } from '../gateway-deps.ts'
import type { GatewayDeps } from '../gateway-deps.ts'
import { METRICS_CONTENT_TYPE, lineFamilies, metricsText } from '../metrics-text.ts'
import type { MetricFamily } from '../metrics-text.ts'
import { json } from '../reply.ts'
import { health, jsonWebKeySet } from '../schemas/views.ts'

/** A load balancer asks often and waits briefly. */
const CHECK_TIMEOUT_MS = 1_500
const DEAD_LETTERS_TIMEOUT_MS = 3_000
const DEGRADED_RETRY_AFTER_SECONDS = 5

export const serviceEndpoints = [
  endpoint({
    method: 'GET',
    path: '/healthz',
    auth: 'anybody',
    tag: 'Service',
    summary: 'Whether everything that is needed answers.',
    responses: {
      200: { description: 'All do.', schema: health },
      503: { description: 'Some do not; places are kept meanwhile.', schema: health },
    },
    async handler({ registry, pingStore, log }) {
      const [registryState, redisState] = await Promise.all([
        checked('registry', registry.ping(), log),
        checked('redis', pingStore(), log),
      ])
      const checks = { registry: registryState, redis: redisState }
      if (Object.values(checks).every((state) => state === 'ok'))
        return ok(json(200, { status: 'ok', checks }))
      return ok(
        json(503, { status: 'degraded', checks }, { 'Retry-After': String(DEGRADED_RETRY_AFTER_SECONDS) }),
      )
    },
  }),
  endpoint({
    method: 'GET',
    path: '/metrics',
    auth: 'operator',
    tag: 'Service',
    summary: 'Counters and gauges of the active events and their sales.',
    responses: { 200: { description: 'Prometheus text format 0.0.4.', contentType: 'text/plain' } },
    async handler(call) {
      const eventIds = await call.registry.activeEventIds()
      const [lines, sales, deadLetters] = await Promise.all([
        metricsOfLines(call, eventIds),
        call.purchase.figures(eventIds),
        deadLetterFamilies(call),
      ])
      const text = metricsText([...lineFamilies(lines), ...saleFamilies(sales, call.nowMs()), ...deadLetters])
      return ok(new Response(text, { headers: { 'Content-Type': METRICS_CONTENT_TYPE } }))
    },
  }),
  endpoint({
    method: 'GET',
    path: '/.well-known/jwks.json',
    auth: 'anybody',
    tag: 'Service',
    summary: 'The public keys of entry tokens (RFC 7517).',
    responses: {
      200: { description: 'Empty when tokens are signed with a shared secret.', schema: jsonWebKeySet },
    },
    async handler({ entryTokens }) {
      return ok(json(200, entryTokens.jwks(), { 'Cache-Control': 'public, max-age=300' }))
    },
  }),
]

async function metricsOfLines(
  { line, log }: Pick<GatewayDeps, 'line' | 'log'>,
  eventIds: readonly string[],
): Promise<LineMetrics[]> {
  const answers = await mapBounded(eventIds, FAN_OUT_WIDTH, async (eventId) => {
    try {
      const metrics = await line(eventId).metrics()
      return metrics.ok ? [metrics.value] : []
    } catch (error) {
      // A gap in one event's series is better than none of the others'.
      log.warn('metrics_missing', { eventId, ...errorFields(error) })
      return []
    }
  })
  return answers.flat()
}

/** None without a shop to tell: their object is not woken for nothing. */
async function deadLetterFamilies({
  config,
  deadLetters,
  log,
}: Pick<GatewayDeps, 'config' | 'deadLetters' | 'log'>): Promise<MetricFamily[]> {
  if (config.webhooks === null) return []
  const help = 'Webhooks that the shop did not take in any attempt.'
  try {
    const value = await withTimeout(deadLetters.count(), DEAD_LETTERS_TIMEOUT_MS)
    return [{ name: 'dead_letters', type: 'gauge', help, samples: [{ labels: {}, value }] }]
  } catch (error) {
    log.warn('dead_letters_uncounted', errorFields(error))
    return []
  }
}

async function checked(
  check: string,
  work: Promise<unknown>,
  log: GatewayDeps['log'],
): Promise<'ok' | 'failing'> {
  try {
    await withTimeout(work, CHECK_TIMEOUT_MS)
    return 'ok'
  } catch (error) {
    log.warn('health_check_failed', { check, ...errorFields(error) })
    return 'failing'
  }
}
