/** The bodies of visitors and origins. Unknown fields are ignored: a newer client may say more than we know. */
import * as z from 'zod'
import { requestSchemas } from './named.ts'

export const emptyBody = z.object({}).register(requestSchemas, { id: 'Empty' })

/** A JWT of ours has a few hundred characters; the bound keeps hostile ones away from the verifier. */
const TOKEN_CHARS_MAX = 4_096

export const redeemBody = z
  .object({
    token: z.string().min(1).max(TOKEN_CHARS_MAX),
    sessionId: z.string().regex(/^[\x20-\x7e]{1,128}$/, 'Must be 1 to 128 printable ASCII characters.'),
  })
  .register(requestSchemas, { id: 'Redeem' })

export const releaseBody = z
  .object({ outcome: z.enum(['completed', 'cancelled']) })
  .register(requestSchemas, { id: 'Release' })
