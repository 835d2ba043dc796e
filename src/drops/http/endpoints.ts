/** What the drops add to the table of endpoints. */
import type { Endpoint } from '../../http/endpoint.ts'
import { adminDropEndpoints } from './admin-drops.ts'
import { claimEndpoints } from './claims.ts'

export const dropEndpoints: readonly Endpoint[] = [...claimEndpoints, ...adminDropEndpoints]
