/** The adapter that the configuration names. */
import { fakeProvider } from './fake.ts'
import type { PaymentConfig } from './payment-config.ts'
import type { PaymentProvider } from './port.ts'
import { stripeProvider } from './stripe.ts'
import { tossProvider } from './toss.ts'

export function createProvider(config: PaymentConfig): PaymentProvider {
  // Not the bare function: the platform's does not work when it is called as another object's method.
  const settings = { ...config, fetch: (url: string, init: RequestInit) => fetch(url, init) }
  switch (config.provider) {
    case 'fake':
      return fakeProvider(settings)
    case 'stripe':
      return stripeProvider(settings)
    case 'toss':
      return tossProvider(settings)
  }
}
