/** Holds what a client sent against its schema. */
import type * as z from 'zod'
import { err, ok } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import { invalidRequest } from './failure.ts'
import type { FieldFault, GatewayFailure } from './failure.ts'

/** A hostile body may be wrong in thousands of places; the first ones are enough to mend it. */
const FAULTS_MAX = 20

/** The value as the schema reads it, or every field that does not fit, as JSON pointers. */
export function validated<T extends z.ZodType>(
  value: unknown,
  schema: T,
): Result<z.output<T>, GatewayFailure> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return ok(parsed.data)
  return err(invalidRequest(...parsed.error.issues.flatMap(faultsOf).slice(0, FAULTS_MAX)))
}

function faultsOf(issue: z.core.$ZodIssue): FieldFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), detail: 'Unknown field.' }))
  }
  return [{ pointer: pointerTo(issue.path), detail: issue.message }]
}

/** RFC 6901. */
function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
