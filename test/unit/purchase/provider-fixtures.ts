/** What the tests of the adapters have in common. */
import type { ProviderPayment, WebhookNews } from '../../../src/purchase/payments/port.ts'

export const PAYMENT: ProviderPayment = {
  paymentId: `demo.${'p'.repeat(22)}`,
  amount: 24_000,
  currency: 'KRW',
  description: '데모 콘서트 · A-1-1, A-1-2',
  createdAtMs: Date.now(),
  origin: 'https://usher.example',
  reference: null,
}

export const PAID = { kind: 'known', state: { kind: 'paid', amount: 24_000, currency: 'KRW' } } as const
export const OPEN = { kind: 'known', state: { kind: 'open' } } as const
export const CLOSED = { kind: 'known', state: { kind: 'closed' } } as const

/** A webhook as an adapter gets it. */
export function delivery(
  { body, headers }: { body: string; headers: Record<string, string> },
  receivedAtMs = Date.now(),
): { headers: Headers; body: string; receivedAtMs: number } {
  return { body, headers: new Headers(headers), receivedAtMs }
}

export function newsOf(verified: { ok: boolean; value?: WebhookNews }): WebhookNews {
  if (verified.value === undefined) throw new Error('not verified')
  return verified.value
}
