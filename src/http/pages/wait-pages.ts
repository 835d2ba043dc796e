/** The waiting page as answers: of an event, of one that does not exist, and of a line that cannot be asked now. */
import type { EventVisit } from '../../core/views.ts'
import { errorFields } from '../../observability/log.ts'
import { sha256Base64Url } from '../digest.ts'
import type { Failure } from '../failure.ts'
import type { GatewayDeps } from '../gateway-deps.ts'
import { languageFor } from '../languages.ts'
import { retryAfterOf } from '../problem.ts'
import { PROBLEMS } from '../problem-catalog.ts'
import { html } from '../reply.ts'
import { OWN_TEMPLATE, templateFault } from './template.ts'
import { renderWaitPage } from './wait-page.ts'
import { refusalOf, returnPathIn, roomData } from './wait-room.ts'

/** What passes: the page says so, and tries again. */
const PASSING: ReadonlySet<Failure['reason']> = new Set([
  'overloaded',
  'rate-limited',
  'internal-error',
  'identity-unavailable',
])

type Shown = {
  readonly request: Request
  readonly eventId: string
  readonly visit: EventVisit | null
  readonly isKnown: boolean
  readonly refusal: string | null
}

/** One for each isolate: it keeps the operator's template. */
export class WaitPages {
  #template: string | null = null

  /** @param isKnown whether the visitor has a good session */
  async ofVisit(request: Request, visit: EventVisit, isKnown: boolean, deps: GatewayDeps): Promise<Response> {
    const refusal = refusalOf(visit, isKnown || deps.config.identityProvider === null)
    const { eventId } = visit.status
    return html(
      200,
      await this.#render({ request, eventId, visit, isKnown, refusal }, deps),
      headersFor(deps),
    )
  }

  /** Null for what people do not meet: problem+json will do. */
  async ofFailure(failure: Failure, request: Request, deps: GatewayDeps): Promise<Response | null> {
    const { reason } = failure
    const isMissing = reason === 'event-not-found' || reason === 'invalid-request'
    if (!isMissing && !PASSING.has(reason)) return null
    // Of an id that cannot be one nothing is said back.
    const eventId = isMissing ? '' : (new URL(request.url).pathname.split('/')[2] ?? '')
    const refusal = isMissing ? 'event-not-found' : 'busy'
    const body = await this.#render({ request, eventId, visit: null, isKnown: true, refusal }, deps)
    const headers = headersFor(deps)
    const retryAfterSeconds = retryAfterOf(failure)
    if (retryAfterSeconds !== undefined) headers['Retry-After'] = String(retryAfterSeconds)
    return html(PROBLEMS[reason].status, body, headers)
  }

  async #render({ request, eventId, visit, isKnown, refusal }: Shown, deps: GatewayDeps): Promise<string> {
    this.#template ??= await readTemplate(request, deps)
    const language = await languageFor(request.headers.get('Accept-Language'))
    const { brand } = deps.config
    const returnPath = returnPathIn(request, deps)
    return renderWaitPage({
      data: roomData(visit, { eventId, isKnown, refusal, returnPath }, language, deps),
      brand,
      styleVersion: brand.style === null ? '' : sha256Base64Url(brand.style).slice(0, 12),
      template: this.#template,
    })
  }
}

/** The operator's frame, or ours when there is none or it cannot be used: a faulty one must not cost anybody the page. */
async function readTemplate(request: Request, { config, staticFiles, log }: GatewayDeps): Promise<string> {
  const { template } = config.brand
  if (template === null) return OWN_TEMPLATE
  try {
    const file = await staticFiles.fetch(new Request(new URL(template, request.url)))
    const text = file.status === 200 ? await file.text() : null
    const fault = text === null ? `is not among the static files (${file.status})` : templateFault(text)
    if (text !== null && fault === null) return text
    log.error('template_faulty', { template, fault })
  } catch (error) {
    log.error('template_faulty', { template, ...errorFields(error) })
  }
  return OWN_TEMPLATE
}

/** Nothing inline and nothing from elsewhere; the token may be posted to the shop and to nobody else. */
function headersFor({ config: { shopUrl } }: GatewayDeps): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    `form-action 'self'${shopUrl === null ? '' : ` ${new URL(shopUrl).origin}`}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return { 'Content-Security-Policy': policy.join('; '), Vary: 'Cookie, Accept-Language' }
}
