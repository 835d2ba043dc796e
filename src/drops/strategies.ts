/** Which strategies this deployment has. */
import type { Strategy } from './core/records.ts'
import type { IssuerFound } from './objects/drop-host.ts'
import { ObjectIssuer } from './objects/object-issuer.ts'

/** How the issuer of a drop is made, or what is missing for it. */
export function issuerOf(strategy: Strategy): IssuerFound {
  switch (strategy) {
    case 'object':
      return { ok: true, value: (tools) => new ObjectIssuer(tools) }
    case 'redis-queue':
    case 'skip-locked':
      return { ok: false, error: { missing: 'a version of Usher that has it' } }
  }
}
