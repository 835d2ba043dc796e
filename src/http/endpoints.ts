/** The table of all endpoints. */
import { ok } from '../core/result.ts'
import { dropEndpoints } from '../drops/http/endpoints.ts'
import { purchaseEndpoints } from '../purchase/http/endpoints.ts'
import { webhookEndpoints } from '../outbound/http/endpoints.ts'
import { endpoint } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { openApiDocument } from './openapi.ts'
import { json } from './reply.ts'
import { adminAuditEndpoints } from './routes/admin-audit.ts'
import { adminEventEndpoints } from './routes/admin-events.ts'
import { adminPageEndpoints } from './routes/admin-page.ts'
import { adminLookupEndpoints } from './routes/admin-lookups.ts'
import { adminPoolEndpoints } from './routes/admin-pools.ts'
import { adminSessionEndpoints } from './routes/admin-session.ts'
import { admissionEndpoints } from './routes/admissions.ts'
import { eventEndpoints } from './routes/events.ts'
import { progressEndpoints } from './routes/progress.ts'
import { queueItEndpoints } from './routes/queue-it.ts'
import { queueEndpoints } from './routes/queue.ts'
import { serviceEndpoints } from './routes/service.ts'
import { sessionEndpoints } from './routes/sessions.ts'
import { streamEndpoints } from './routes/streams.ts'
import { waitPageEndpoints } from './routes/wait-page.ts'

/** Made once per application: an endpoint may keep what it made last. */
export function createEndpoints(): readonly Endpoint[] {
  const endpoints: Endpoint[] = [
    ...sessionEndpoints,
    ...eventEndpoints(),
    ...progressEndpoints(),
    ...queueEndpoints,
    ...streamEndpoints,
    ...admissionEndpoints,
    ...adminEventEndpoints,
    ...adminPoolEndpoints,
    ...adminSessionEndpoints(),
    ...adminLookupEndpoints,
    ...adminAuditEndpoints,
    ...purchaseEndpoints,
    ...dropEndpoints,
    ...webhookEndpoints,
    ...serviceEndpoints,
    ...waitPageEndpoints(),
    ...queueItEndpoints,
    ...adminPageEndpoints,
  ]
  let document: unknown
  endpoints.push(
    endpoint({
      method: 'GET',
      path: '/openapi.json',
      auth: 'anybody',
      tag: 'Service',
      summary: 'This document.',
      responses: { 200: { description: 'OpenAPI 3.1.', contentType: 'application/json' } },
      async handler() {
        document ??= openApiDocument(endpoints)
        return ok(json(200, document, { 'Cache-Control': 'public, max-age=300' }))
      },
    }),
  )
  return endpoints
}
