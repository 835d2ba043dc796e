import { ok } from '../../core/result.ts'
import { endpoint } from '../endpoint.ts'
import { ADMIN_PAGE, ADMIN_PAGE_HEADERS } from '../pages/admin-page.ts'
import { html } from '../reply.ts'

export const adminPageEndpoints = [
  endpoint({
    method: 'GET',
    path: '/admin',
    auth: 'anybody',
    tag: 'Operators',
    summary: "The operator's console: a page whose data needs a session of its own.",
    responses: { 200: { description: 'The page.', contentType: 'text/html' } },
    async handler() {
      return ok(html(200, ADMIN_PAGE, ADMIN_PAGE_HEADERS))
    },
  }),
]
