import type { Config } from '../config.ts'
import type { VisitorTokens } from '../ports/tokens.ts'
import { createGuestTokens } from './guest-token.ts'
import { createIdentityProviderTokens } from './identity-provider.ts'

/** The identity provider's tokens when one is configured, else guest sessions; never both. */
export function createVisitorTokens(config: Config): VisitorTokens {
  const { identityProvider } = config
  return identityProvider === null
    ? createGuestTokens(config)
    : createIdentityProviderTokens(identityProvider)
}
