/** The schemas that have a name in the OpenAPI document, `components/schemas`. */
import * as z from 'zod'

/** What clients send: documented as it is written, before defaults are filled in. */
export const requestSchemas = z.registry<{ id: string }>()
/** What they get: documented as it arrives. */
export const responseSchemas = z.registry<{ id: string }>()
