/** The form of a pool. */
import type { Pool } from './answers.ts'
import type { FieldSpec } from './fields.ts'

export const POOL_FIELDS: readonly FieldSpec<keyof Pool>[] = [
  { name: 'poolId', kind: 'id' },
  { name: 'capacity', kind: 'integer' },
  { name: 'admitPerMinute', kind: 'optional-integer' },
]
