/** The parameters after the question mark. */
import type * as z from 'zod'
import { ok } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import type { GatewayFailure } from './failure.ts'
import { validated } from './validated.ts'

/** Undefined for an endpoint without any; of a parameter that is there twice, the last one counts. */
export function parseQuery(request: Request, schema: z.ZodType | null): Result<unknown, GatewayFailure> {
  if (schema === null) return ok(undefined)
  return validated(Object.fromEntries(new URL(request.url).searchParams), schema)
}
